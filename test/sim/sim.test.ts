/**
 * The core under everything that can go wrong: many seeds in a few seconds. A failure names the
 * command that shows it again.
 */
import { expect } from 'chai'
import { commandOf, describeFailure } from './report.ts'
import { play } from './scenario.ts'
import type { Report, Scenario } from './scenario.ts'
import { chaos } from './scenarios/chaos.ts'
import { SMALL_SCENARIOS } from './scenarios/index.ts'
import { tenThousand } from './scenarios/ten-thousand.ts'
import { workerCrash } from './scenarios/worker-crash.ts'
import { zombie } from './scenarios/zombie.ts'
import { VARIANTS } from './variants.ts'
import type { VariantName } from './variants.ts'

const SEEDS = 1_000
/** Every so many seeds, one goes to another story than chaos. */
const OTHER_STORY_EVERY = 5

function mustBeGood(report: Report): void {
  if (report.violation !== undefined) expect.fail(describeFailure(report))
}

/** How many of the first seeds the checkers object to. */
function countCaught(scenario: Scenario, variant: VariantName, seeds: number): number {
  let caught = 0
  for (let seed = 1; seed <= seeds; seed++) {
    if (play(scenario, seed, VARIANTS[variant]).violation !== undefined) caught++
  }
  return caught
}

describe('simulator', function () {
  this.timeout(120_000)

  for (const scenario of SMALL_SCENARIOS) {
    it(`${scenario.name}: ${scenario.summary}`, () => {
      for (let seed = 1; seed <= 3; seed++) mustBeGood(play(scenario, seed, VARIANTS.sound))
    })
  }

  it(`keeps every promise with ${SEEDS} seeds of all faults`, () => {
    const others = SMALL_SCENARIOS.filter((scenario) => scenario !== chaos)
    for (let seed = 1; seed <= SEEDS; seed++) {
      const turn = seed / OTHER_STORY_EVERY
      const other = Number.isInteger(turn) ? others[turn % others.length] : undefined
      mustBeGood(play(other ?? chaos, seed, VARIANTS.sound))
    }
  })

  it(`${tenThousand.name}: ${tenThousand.summary}`, () => {
    mustBeGood(play(tenThousand, 1, VARIANTS.sound))
  })

  it('does the same for the same seed, and something else for another', () => {
    const hashes = [7, 7, 8].map((seed) => play(chaos, seed, VARIANTS.sound).hash)
    expect(hashes[0]).to.equal(hashes[1])
    expect(hashes[0]).to.not.equal(hashes[2])
  })

  it('names the command that shows a failure again', () => {
    expect(commandOf({ scenario: 'chaos', seed: 123 })).to.equal(
      'SCENARIO=chaos SEED=123 npm run sim'
    )
  })

  describe('notices', () => {
    it('a master that takes reports of attempts it has superseded', () => {
      expect(countCaught(zombie, 'no-fencing', 50)).to.be.greaterThan(20)
      expect(countCaught(chaos, 'no-fencing', 150)).to.be.greaterThan(3)
    })

    it('a master whose leases never expire', () => {
      expect(countCaught(workerCrash, 'leases-never-expire', 10)).to.equal(10)
    })

    it('a worker that forgets results before they are accepted', () => {
      expect(countCaught(chaos, 'reports-not-kept', 50)).to.be.greaterThan(5)
    })
  })
})
