/**
 * N queens on an N x N board, none attacking another: the solutions are counted on every machine.
 *
 *     node examples/n-queens/main.ts 10
 *
 * Prints `724 solutions for 10 queens`. (Totals: sequence A000170 of the OEIS.)
 */
import { Pool } from 'p2pjobs'
import { placements } from './queens.ts'

const size = Number(process.argv[2] ?? 10)

/** The ways to place the queens of the first two rows: one task each. */
function* beginnings(): Generator<[number, number[]]> {
  for (let one = 0; one < size; one++) {
    for (let two = 0; two < size; two++) if (Math.abs(one - two) > 1) yield [size, [one, two]]
  }
}

await using pool = await Pool.open()
const counts = await pool.starmap(placements, beginnings())
const total = counts.reduce((sum, each) => sum + each, 0)
console.log(`${total} solutions for ${size} queens`)
