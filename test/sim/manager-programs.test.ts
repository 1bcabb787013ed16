/**
 * Random programs on a manager's objects against a model, for each kind of object.
 *
 * A failure names its seed: `MANAGER_SEED=… npx mocha test/sim/manager-programs.test.ts`.
 */
import { expect } from 'chai'
import type { Kind } from '../../src/core/manager/calls.ts'
import { Programs } from '../support/manager-programs.ts'
import { VARIANTS } from '../support/manager-variants.ts'

const SEEDS = 1_000

/** What one program uses together; each of these gets its share of the seeds. */
const MIXES: readonly (readonly Kind[])[] = [
  ['queue'],
  ['joinableQueue'],
  ['lock'],
  ['rlock'],
  ['semaphore', 'boundedSemaphore'],
  ['event', 'value'],
  ['condition'],
  ['barrier'],
  ['dict', 'list'],
  ['queue', 'lock', 'condition', 'barrier', 'semaphore', 'event']
]

describe('programs on shared objects, and a model of them', function () {
  this.timeout(120_000)
  const given = process.env['MANAGER_SEED']

  for (const [place, kinds] of MIXES.entries()) {
    const seeds =
      given === undefined
        ? Array.from({ length: SEEDS / MIXES.length }, (_, at) => MIXES.length * at + place)
        : [Number(given)].filter((seed) => seed % MIXES.length === place)
    if (seeds.length === 0) continue

    it(`${kinds.join(', ')}: ${seeds.length} seeds`, () => {
      for (const seed of seeds) run(seed, kinds)
    })
  }
})

describe('managers that are broken are noticed', function () {
  this.timeout(120_000)

  for (const [what, break_] of Object.entries(VARIANTS)) {
    it(what, () => {
      const repair = break_()
      try {
        expect(findFault()).to.match(/^MANAGER_SEED=/)
      } finally {
        repair()
      }
    })
  }
})

/** What the first of the seeds says that notices something. */
function findFault(): string | undefined {
  for (let seed = 0; seed < SEEDS; seed++) {
    try {
      run(seed, MIXES[seed % MIXES.length]!)
    } catch (error) {
      return (error as Error).message
    }
  }
  return undefined
}

function run(seed: number, kinds: readonly Kind[]): void {
  try {
    new Programs(seed, kinds).run()
  } catch (error) {
    throw new Error(`MANAGER_SEED=${seed}: ${(error as Error).message}`, { cause: error })
  }
}
