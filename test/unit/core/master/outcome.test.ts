import { expect } from 'chai'
import { CRASHES_MAX, LOSSES_MAX, REFUSALS_MAX } from '../../../../src/core/limits.ts'
import type { Outcome } from '../../../../src/core/result.ts'
import { aHold, aMaster, aResult, ref } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

/** A worker with credit for ever that has the only task there is. */
function aMasterWithATask(retries = 0): TestMaster {
  const master = aMaster()
  master.joined('w', { slots: 1, credit: 1_000 })
  master.submit(1, { retries })
  return master
}

/** Reports the outcome again and again until the task is settled; returns how often. */
function attemptsUntilSettled(master: TestMaster, outcome: Outcome): number {
  for (let attempt = 1; attempt < 100; attempt++) {
    master.hears('w', { type: 'renewal', seen: 1_000, credit: 1_000, withdrawn: 0 })
    master.hearsReport('w', [ref(1, attempt)], aResult(outcome))
    if (master.takeNotices('settled').length > 0) return attempt
    // Renewals come before each lease ends, as long as the longest wait takes.
    for (let time = 0; time < 35; time++) {
      master.passes(2_000)
      master.hears('w', { type: 'renewal', seen: 1_000, credit: 1_000, withdrawn: 0 })
    }
  }
  return Infinity
}

describe('master: outcome', () => {
  it('finishes a task with its result', () => {
    const master = aMasterWithATask()
    master.forget()
    const result = aResult()
    master.hearsReport('w', [ref(1)], result)
    expect(master.takeNotices('settled')).to.deep.equal([
      { type: 'settled', ...ref(1), state: 'finished', worker: 'w', result }
    ])
  })

  it('fails a task at its first failure, unless asked to retry', () => {
    expect(attemptsUntilSettled(aMasterWithATask(), 'failure')).to.equal(1)
    expect(attemptsUntilSettled(aMasterWithATask(2), 'failure')).to.equal(3)
    expect(attemptsUntilSettled(aMasterWithATask(1), 'timeout')).to.equal(2)
  })

  it('takes the end of a process of its own as the result', () => {
    const master = aMaster()
    master.joined('w')
    master.submit(1, {}, { kind: 'function', isAlone: true } as object)
    master.hearsReport('w', [ref(1)], aResult('crash'))
    expect(master.takeNotices('settled').map(({ state }) => state)).to.deep.equal(['failed'])
  })

  it('fails a task whose process crashes again and again', () => {
    expect(attemptsUntilSettled(aMasterWithATask(), 'crash')).to.equal(CRASHES_MAX)
  })

  it('fails a task that nobody can start', () => {
    expect(attemptsUntilSettled(aMasterWithATask(), 'refused')).to.equal(REFUSALS_MAX)
  })

  it('counts nothing against a task that is given back', () => {
    expect(attemptsUntilSettled(aMasterWithATask(), 'returned')).to.equal(Infinity)
  })

  it('aborts a task that was running on too many workers when they were lost', () => {
    const master = aMaster()
    master.submit(1)
    for (let loss = 1; loss <= LOSSES_MAX; loss++) {
      expect(master.takeNotices('settled'), `before loss ${loss}`).to.deep.equal([])
      master.hears(`w${loss}`, aHold({ credit: 1 }))
      master.hears(`w${loss}`, { type: 'started', attempts: [ref(1, loss)] })
      master.passes(6_000)
    }
    const [settled] = master.takeNotices('settled')
    expect(settled).to.include({ state: 'aborted', worker: `w${LOSSES_MAX}` })
    expect(settled?.result.reason).to.match(/5 workers were lost/)
  })

  it('counts no loss against a task that had only been queued', () => {
    const master = aMaster()
    master.submit(1)
    for (let loss = 1; loss <= 2 * LOSSES_MAX; loss++) {
      master.hears(`w${loss}`, aHold({ credit: 1 }))
      master.passes(6_000)
    }
    expect(master.takeNotices('settled')).to.deep.equal([])
  })

  it('waits longer before each further attempt, with jitter', () => {
    const master = aMasterWithATask(3)
    const delays: number[] = []
    for (let attempt = 1; attempt <= 3; attempt++) {
      master.hearsReport('w', [ref(1, attempt)], aResult('failure'))
      delays.push(...master.takeNotices('setback').map(({ delayMs }) => delayMs))
      master.passes(delays.at(-1) ?? 0)
    }
    expect(delays).to.have.lengthOf(3)
    for (const [at, delay] of delays.entries()) {
      expect(delay).to.be.within(500 * 2 ** at, 1_000 * 2 ** at)
    }
  })
})
