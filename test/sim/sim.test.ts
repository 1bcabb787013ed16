/**
 * The core under everything that can go wrong: many seeds in a few seconds. A failure names the
 * command that shows it again.
 */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { describeFailure } from './report.ts'
import { play } from './scenario.ts'
import type { Report, Scenario } from './scenario.ts'
import { chaos } from './scenarios/chaos.ts'
import { SMALL_SCENARIOS } from './scenarios/index.ts'
import { masterAway } from './scenarios/master-away.ts'
import { stragglers, stragglersAmid } from './scenarios/stragglers.ts'
import { tenThousand } from './scenarios/ten-thousand.ts'
import { workerCrash } from './scenarios/worker-crash.ts'
import { zombie } from './scenarios/zombie.ts'
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
    if (play(scenario, seed, variant).violation !== undefined) caught++
  }
  return caught
}

interface Ended {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** What `npm run sim` does. */
async function simulate(variables: Record<string, string>): Promise<Ended> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const env = { PATH: process.env['PATH'], ...variables }
  return await new Promise((resolve) => {
    execFile(process.execPath, [main], { env }, (error, stdout, stderr) => {
      resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr })
    })
  })
}

function asVariable(text: string): [string, string] {
  const [name = '', value = ''] = text.split('=')
  return [name, value]
}

function violationOf(stdout: string): string | undefined {
  return stdout.split('\n')[0]
}

describe('simulator', function () {
  this.timeout(120_000)

  for (const scenario of SMALL_SCENARIOS) {
    it(`${scenario.name}: ${scenario.summary}`, () => {
      for (let seed = 1; seed <= 3; seed++) mustBeGood(play(scenario, seed))
    })
  }

  it(`keeps every promise with ${SEEDS} seeds of all faults`, () => {
    const others = SMALL_SCENARIOS.filter((scenario) => scenario !== chaos)
    for (let seed = 1; seed <= SEEDS; seed++) {
      const turn = seed / OTHER_STORY_EVERY
      const other = Number.isInteger(turn) ? others[turn % others.length] : undefined
      mustBeGood(play(other ?? chaos, seed))
    }
  })

  it(`${tenThousand.name}: ${tenThousand.summary}`, () => {
    mustBeGood(play(tenThousand, 1))
  })

  it('does the same for the same seed, and something else for another', () => {
    const hashes = [7, 7, 8].map((seed) => play(chaos, seed).hash)
    expect(hashes[0]).to.equal(hashes[1])
    expect(hashes[0]).to.not.equal(hashes[2])
  })

  it('names the command that shows a failure again, and that one does', async () => {
    const failed = await simulate({ SCENARIO: 'worker-crash', VARIANT: 'leases-never-expire' })
    expect(failed.exitCode).to.equal(1)
    const [, command] = / {2}to see it again: (.*) npm run sim/.exec(failed.stdout) ?? []
    expect(command).to.equal('VARIANT=leases-never-expire SCENARIO=worker-crash SEED=1')
    const again = await simulate(Object.fromEntries(command!.split(' ').map(asVariable)))
    expect(again.exitCode).to.equal(1)
    expect(violationOf(again.stdout)).to.equal(violationOf(failed.stdout))
  })

  it('says so when nothing failed, and what there is to choose from', async () => {
    const good = await simulate({ SCENARIO: 'clean', SEED: '1', SEEDS: '2' })
    expect(good.exitCode).to.equal(0)
    expect(good.stdout).to.match(/^2 runs, 0 failed: /)
    const odd = await simulate({ SCENARIO: 'no-such-story' })
    expect(odd.exitCode).to.equal(2)
    expect(odd.stderr).to.match(/worker-crash: .*\n/)
  })

  describe('notices', () => {
    it('a master that takes reports of attempts it has superseded', () => {
      expect(countCaught(zombie, 'no-fencing', 50)).to.be.greaterThan(20)
      expect(countCaught(chaos, 'no-fencing', 150)).to.be.greaterThan(3)
    })

    it('a master whose leases never expire', () => {
      expect(countCaught(workerCrash, 'leases-never-expire', 10)).to.equal(10)
    })

    it('a master that does not call off the slower of two attempts', () => {
      expect(countCaught(stragglers, 'nothing-called-off', 10)).to.equal(10)
    })

    it('a master that uses the number of an attempt twice, of which an older one was left', () => {
      expect(countCaught(stragglersAmid, 'numbers-used-twice', 150)).to.be.greaterThan(3)
    })

    it('a worker that forgets results before they are accepted', () => {
      expect(countCaught(masterAway, 'reports-not-kept', 40)).to.be.greaterThan(10)
    })

    it('a worker that keeps results in memory only', () => {
      expect(countCaught(masterAway, 'nothing-on-disk', 10)).to.equal(10)
    })
  })
})
