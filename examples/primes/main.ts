/**
 * How many primes there are below a limit.
 *
 *     node examples/primes/main.ts 10000000
 *
 * Prints `664579 primes below 10000000`. (Totals: sequence A006880 of the OEIS.)
 */
import { Pool } from 'p2pjobs'
import { countPrimes } from './count-primes.ts'

const limit = Number(process.argv[2] ?? 10_000_000)
const STEP = 500_000

function* ranges(): Generator<[number, number]> {
  for (let from = 0; from < limit; from += STEP) yield [from, Math.min(limit, from + STEP)]
}

await using pool = await Pool.open()
const counts = await pool.starmap(countPrimes, ranges(), 1)
console.log(`${counts.reduce((sum, each) => sum + each, 0)} primes below ${limit}`)
