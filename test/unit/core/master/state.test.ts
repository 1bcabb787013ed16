import { expect } from 'chai'
import fc from 'fast-check'
import type { Job } from '../../../../src/core/job.ts'
import { BACKOFF_MAX_MS, BACKOFF_MIN_MS } from '../../../../src/core/limits.ts'
import { MasterState } from '../../../../src/core/master/state.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { SPEC } from '../../../support/machines.ts'

function aState(): MasterState {
  return new MasterState({ leaseMs: 6_000, keepMs: 60_000, isDurable: true, seed: 1 })
}

describe('MasterState', () => {
  it('serves jobs by priority, older ones first among equals, each listed once', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 })), (priorities) => {
        const state = aState()
        const jobs = priorities.map((priority, at) =>
          state.addJob((at + 1) as JobId, SPEC, { priority, retries: 0 }, 0)
        )
        for (const job of [...jobs, ...jobs]) {
          job.add(new Uint8Array(0))
          state.countWaiting(job, 1)
        }
        const sorted = jobs.toSorted(
          (a, b) => b.options.priority - a.options.priority || a.id - b.id
        )
        const { backlog } = state.plain
        const served: Job[] = []
        for (let job = backlog.first(() => true); job; job = backlog.first(() => true)) {
          served.push(job)
          backlog.remove(job)
        }
        expect(served).to.deep.equal(sorted)
      })
    )
  })

  it('waits longer each time, half of it at random, within bounds', () => {
    const state = aState()
    for (let times = 1; times < 100; times++) {
      const whole = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** (times - 1))
      expect(state.backoff(times)).to.be.within(whole / 2, whole)
    }
  })

  it('gives out what has to be on disk before everything else', () => {
    const state = aState()
    state.emit({ type: 'joined', worker: 'w' as never, name: 'lab', slots: 1 })
    state.record({ type: 'closed', job: 1 as JobId })
    expect(state.takeEffects().map(({ type }) => type)).to.deep.equal(['journal', 'emit'])
    expect(state.takeEffects()).to.deep.equal([])
  })
})
