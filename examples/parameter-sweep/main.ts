/**
 * One simulation for each combination of parameters; results are printed as they come.
 *
 *     node examples/parameter-sweep/main.ts
 *
 * The period doubles as growth passes 3, 3.449 and 3.544 (Feigenbaum).
 */
import { Pool } from 'p2pjobs'
import { simulate } from './simulate.ts'

const growths = [2.8, 3.2, 3.5, 3.55]
const starts = [0.1, 0.3, 0.6]
const settings = growths.flatMap((growth) => starts.map((start) => ({ growth, start })))

await using pool = await Pool.open()
for await (const { growth, start, period } of pool.imap(simulate, settings)) {
  console.log(`growth ${growth}, start ${start}: a period of ${period}`)
}
