/** What becomes of a task of which two attempts are out. */
import { expect } from 'chai'
import type { JobId } from '../../../src/core/types.ts'
import { aHold, aMaster, aResult, ref } from '../../support/machines.ts'
import type { TestMaster } from '../../support/machines.ts'
import {
  LATE_MS,
  passes,
  behind,
  doubled,
  leasesOf,
  cancelsOf,
  endOf,
  whys
} from '../../support/stragglers.ts'

describe('two attempts of a task', () => {
  for (const [first, attempt, other] of [
    ['slow', 1, 'fast'],
    ['fast', 2, 'slow']
  ] as const) {
    it(`end with the first success, by ${first}, and the other attempt is called off`, () => {
      const master = doubled()
      master.hearsReport(first, [ref(1, attempt)], aResult('success', 9_000))
      expect(cancelsOf(master)).to.deep.equal({ [other]: [ref(1, 3 - attempt)] })
      expect(endOf(master)).to.deep.equal([['finished', attempt, first]])
      // The other one was too late to be told.
      master.hearsReport(other, [ref(1, 3 - attempt)], aResult())
      expect(master.takeMessages('accepted').at(-1)?.attempts).to.deep.equal([ref(1, 3 - attempt)])
      expect(endOf(master)).to.deep.equal([])
      const records = master.takeRecords()
      expect(records.filter(({ type }) => type === 'settled')).to.have.lengthOf(5)
      const setbacks = records.filter((record) => record.type === 'setback')
      expect(setbacks).to.have.lengthOf(1)
      expect(setbacks[0]).to.include({
        attempt: 3 - attempt,
        reason: `attempt ${attempt} was first`
      })
      expect(records.at(-1)?.type).to.equal('ended')
    })

    it(`go on with the other attempt when the one by ${first} fails, which counts for nothing`, () => {
      for (const outcome of ['failure', 'timeout', 'crash', 'refused', 'returned'] as const) {
        const master = doubled()
        master.hearsReport(first, [ref(1, attempt)], aResult(outcome))
        expect(endOf(master)).to.deep.equal([])
        expect(cancelsOf(master)).to.deep.equal({})
        expect(whys(master)).to.deep.equal([{ type: 'runs', worker: other, attempt: 3 - attempt }])
        master.hearsReport(other, [ref(1, 3 - attempt)], aResult('failure'))
        expect(endOf(master)).to.deep.equal([['failed', 3 - attempt, other]])
      }
    })

    it(`go on with the other attempt when ${first} is lost, which is held against the task`, () => {
      const master = doubled()
      master.hears(first, aHold({ boot: 'boot-2' }), 2)
      const task = master.machine.state.jobs.get(1 as JobId)!.tasks.get(1)!
      expect(task.losses).to.equal(1)
      expect(whys(master)).to.deep.equal([{ type: 'runs', worker: other, attempt: 3 - attempt }])
      master.hearsReport(other, [ref(1, 3 - attempt)])
      expect(endOf(master)).to.deep.equal([['finished', 3 - attempt, other]])
    })
  }

  it('wait again once both attempts are lost, and the next has a number of its own', () => {
    for (const order of [
      ['slow', 'fast'],
      ['fast', 'slow']
    ]) {
      const master = doubled()
      for (const worker of order) master.hears(worker, aHold({ boot: 'boot-2' }), 2)
      expect(Object.values(leasesOf(master))).to.deep.equal([[ref(1, 3)]])
      const task = master.machine.state.jobs.get(1 as JobId)!.tasks.get(1)!
      expect(task.losses).to.equal(2)
    }
  })

  it('are canceled by a person in both places', () => {
    for (const event of [
      { type: 'cancel', job: 1 as JobId, reason: 'so' } as const,
      { type: 'cancel-tasks', job: 1 as JobId, tasks: [1], reason: 'so' } as const
    ]) {
      const master = doubled()
      master.does(event)
      expect(cancelsOf(master)).to.deep.equal({ slow: [ref(1, 1)], fast: [ref(1, 2)] })
      expect(endOf(master)).to.have.lengthOf(1)
      expect(master.takeRecords().filter(({ type }) => type === 'setback')).to.deep.equal([])
      expect(master.machine.state.jobs.size).to.equal(0)
    }
  })

  it('keep both attempts over lost connections', () => {
    const master = doubled()
    const attempts = { slow: ref(1, 1), fast: ref(1, 2) }
    for (const [worker, attempt] of Object.entries(attempts)) {
      master.does({ type: 'disconnected', worker: worker as never, session: 1 })
      master.hears(worker, aHold({ attempts: [{ ...attempt, state: 'running' }] }), 2)
      expect(master.takeMessages('kept')[0]?.canceled).to.deep.equal([])
    }
    expect(whys(master)).to.have.lengthOf(2)
    // Of one that did not arrive, the other one is left.
    master.hears('fast', aHold(), 3)
    expect(whys(master)).to.deep.equal([{ type: 'runs', worker: 'lab', attempt: 1 }])
  })

  it('are started twice, and told of once; what both print is told of the first', () => {
    const master = behind()
    passes(master, LATE_MS)
    master.forget()
    expect(whys(master)).to.deep.equal([
      { type: 'runs', worker: 'slow', attempt: 1 },
      { type: 'leased', worker: 'fast', attempt: 2 }
    ])
    for (let times = 0; times < 2; times++) {
      master.hears('fast', { type: 'started', attempts: [ref(1, 2)] })
    }
    expect(master.takeNotices('started').flatMap(({ attempts }) => attempts)).to.deep.equal([
      ref(1, 2)
    ])
    expect(master.machine.runningAttempt(1 as JobId, 1)).to.deep.equal({
      attempt: 1,
      worker: 'slow'
    })
    const value = new Uint8Array(1)
    master.hears('fast', { type: 'progress', progress: [{ ...ref(1, 2), value }] })
    master.hears('slow', { type: 'progress', progress: [{ ...ref(1, 1), value }] })
    expect(master.takeNotices('progress').map(({ worker }) => worker)).to.deep.equal(['slow'])
  })

  describe('after a restart of the master', () => {
    /** A new one that knows what the old one wrote, and that both workers have come back to. */
    function restarted(master: TestMaster): TestMaster {
      const next = aMaster({ isDurable: true })
      next.now = master.now
      next.restores(master)
      next.does({ type: 'recovered' })
      return next
    }

    const RUNS = { state: 'running' } as const

    it('go on with the second attempt; the first is ended, and its result refused', () => {
      const next = restarted(doubled())
      next.hears('slow', aHold({ attempts: [{ ...ref(1, 1), ...RUNS }] }))
      expect(next.takeMessages('kept')[0]?.canceled).to.deep.equal([ref(1, 1)])
      next.hears('fast', aHold({ attempts: [{ ...ref(1, 2), ...RUNS }] }))
      expect(next.takeMessages('kept')[0]?.canceled).to.deep.equal([])
      next.hearsReport('slow', [ref(1, 1)])
      expect(endOf(next)).to.deep.equal([])
      next.hearsReport('fast', [ref(1, 2)])
      expect(endOf(next)).to.deep.equal([['finished', 2, 'fast']])
    })

    it('go on with the first where the second had come to nothing, and use no number twice', () => {
      const master = doubled()
      master.hearsReport('fast', [ref(1, 2)], aResult('failure'))
      const next = restarted(master)
      next.hears('slow', aHold({ attempts: [{ ...ref(1, 1), ...RUNS }], slots: 1 }))
      expect(next.takeMessages('kept')[0]?.canceled).to.deep.equal([])
      next.hearsReport('slow', [ref(1, 1)], aResult('returned'))
      expect(leasesOf(next)).to.deep.equal({ slow: [ref(1, 3)] })
    })

    it('are found again, by what the others took before', () => {
      const next = restarted(behind())
      const attempts = [{ ...ref(1, 1), ...RUNS }]
      next.joined('slow', { attempts, slots: 1, credit: 0 })
      next.joined('fast', { slots: 4, credit: 20 })
      passes(next, LATE_MS)
      expect(leasesOf(next)).to.deep.equal({ fast: [ref(1, 2)] })
    })
  })
})
