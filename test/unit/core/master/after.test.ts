/** Jobs that come after others. */
import { expect } from 'chai'
import { LAST_ENDS_MAX } from '../../../../src/core/limits.ts'
import type { Dependency } from '../../../../src/core/job.ts'
import type { SavedEnd } from '../../../../src/core/master/journal.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { aMaster, anyInputs, aResult, ref, SPEC } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

function waiting(needs: Dependency['needs'], ...jobs: number[]): { after: Dependency[] } {
  return { after: jobs.map((job) => ({ job: job as JobId, needs })) }
}

function ends(master: TestMaster): string[] {
  return master.takeNotices('settled').map(({ job, task, state }) => `${job}.${task} ${state}`)
}

function anEnd(job: number, failed: number): SavedEnd {
  return {
    type: 'end',
    job: job as JobId,
    counts: { finished: 1, failed, canceled: 0, aborted: 0 }
  }
}

describe('master: jobs after jobs', () => {
  it('holds the tasks back until the other job has ended well', () => {
    const master = aMaster()
    master.joined('w', { slots: 2, credit: 9 })
    master.submit(1)
    master.submit(2, waiting('ok', 1))
    expect(master.takeLeases()).to.deep.equal({ w: [1] })
    expect(master.machine.state.plain.waiting).to.equal(0)
    master.hearsReport('w', [ref(1)])
    expect(master.takeLeases()).to.deep.equal({ w: [1, 2] })
  })

  it('aborts them when it has not, and says why; any end is enough for `any`', () => {
    const master = aMaster()
    master.joined('w', { slots: 2, credit: 9 })
    master.submit(1)
    master.submit(2, waiting('ok', 1))
    master.submit(1, waiting('any', 1))
    master.hearsReport('w', [ref(1)], aResult('failure'))
    const reasons = master.machine.state.jobs.size
    expect(reasons).to.equal(1)
    expect(master.takeLeases()).to.deep.equal({ w: [1, 1] })
  })

  it('names the job in the reason', () => {
    const master = aMaster()
    const first = master.submit(1)
    master.submit(1, waiting('ok', first))
    master.does({ type: 'cancel', job: first, reason: 'enough' })
    const aborted = master.takeNotices('settled').find(({ job }) => job === 2)
    expect(aborted?.state).to.equal('aborted')
    expect(aborted?.result.reason).to.equal(
      'not run: job 1, which it comes after, did not end well'
    )
  })

  it('goes down a chain at once', () => {
    const master = aMaster()
    const first = master.submit(1)
    for (const before of [1, 2, 3]) master.submit(1, waiting('ok', before))
    master.submit(1, waiting('any', 4))
    master.does({ type: 'cancel', job: first, reason: 'enough' })
    expect(ends(master)).to.deep.equal([
      '1.1 canceled',
      ...['2.1 aborted', '3.1 aborted', '4.1 aborted']
    ])
    master.joined('w')
    expect([...master.machine.state.jobs.values()].map(({ id }) => id as number)).to.deep.equal([5])
    expect(master.machine.state.plain.waiting).to.equal(0)
  })

  it('waits for all of them, and for the better end of one that is named twice', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 9 })
    master.submit(1)
    master.submit(1)
    const both = [...waiting('ok', 1, 2).after, ...waiting('any', 1).after]
    master.submit(1, { after: both })
    master.forget()
    master.hearsReport('w', [ref(1, 1, 1)])
    expect(master.machine.state.plain.waiting).to.equal(0)
    master.hearsReport('w', [ref(1, 1, 2)], aResult('failure'))
    expect(ends(master)).to.include('3.1 aborted')
  })

  it('knows of jobs that ended before only what it is told', () => {
    const master = aMaster()
    master.joined('w', { slots: 9, credit: 9 })
    const options = { priority: 0, retries: 0, ...waiting('ok', 3) }
    const tells = (id: number, told: readonly SavedEnd[]): void => {
      const job = id as JobId
      master.does({ type: 'submit', job, spec: SPEC, options, ends: told })
      master.does({ type: 'add', job, inputs: anyInputs(1) })
    }
    tells(10, [anEnd(3, 0)])
    expect(master.takeLeases()).to.deep.equal({ w: [1] })
    tells(11, [anEnd(3, 1)])
    tells(12, [])
    const settled = master.takeNotices('settled')
    expect(settled.map(({ job, state }) => [job, state])).to.deep.equal([
      [11, 'aborted'],
      [12, 'aborted']
    ])
    expect(settled[1]?.result.reason).to.equal('not run: job 3, which it comes after, is not known')
  })

  it('knows by heart what has just ended: the journal may not know it yet', () => {
    const master = aMaster()
    master.joined('w', { slots: 9, credit: 9 })
    master.submit(1)
    master.hearsReport('w', [ref(1)])
    master.forget()
    master.submit(1, waiting('ok', 1))
    expect(master.takeLeases()).to.deep.equal({ w: [1] })
    for (let job = 0; job < 2 * LAST_ENDS_MAX; job++) {
      master.apply({
        type: 'submit',
        job: master.machine.nextJob,
        spec: SPEC,
        options: { priority: 0, retries: 0 }
      })
      master.apply({ type: 'close', job: (master.machine.nextJob - 1) as JobId })
    }
    expect(master.machine.state.lastEnds.size).to.equal(LAST_ENDS_MAX)
  })

  it('waits for no job that comes later, nor for itself', () => {
    const master = aMaster()
    master.submit(1, waiting('any', 1))
    master.submit(1, waiting('any', 7))
    expect(ends(master)).to.deep.equal(['1.1 aborted', '2.1 aborted'])
  })

  it('waits for nothing more once one thing it waits for cannot be', () => {
    const master = aMaster()
    master.submit(1)
    master.submit(0, waiting('any', 7, 1))
    expect(master.takeNotices('ended').map(({ job }) => job as number)).to.deep.equal([2])
  })

  it('ends a job without tasks only when its time has come', () => {
    const master = aMaster()
    const first = master.submit(1)
    const empty = master.submit(0, waiting('any', 1))
    expect(master.takeNotices('ended')).to.deep.equal([])
    master.does({ type: 'cancel', job: first, reason: 'enough' })
    expect(master.takeNotices('ended').map(({ job }) => job)).to.deep.equal([first, empty])
  })

  it('lets a job that waits be canceled, alone', () => {
    const master = aMaster()
    master.submit(1)
    const second = master.submit(2, waiting('ok', 1))
    master.does({ type: 'cancel-tasks', job: second, tasks: [1], reason: 'enough' })
    master.does({ type: 'cancel', job: second, reason: 'enough' })
    expect(ends(master)).to.deep.equal(['2.1 canceled', '2.2 canceled'])
    expect(master.machine.state.waitingTasks).to.equal(1)
  })

  it('aborts what is added to a job that was given up, and ends it when it is closed', () => {
    const master = aMaster()
    const first = master.submit(1)
    const job = master.machine.nextJob
    const options = { priority: 0, retries: 0, ...waiting('ok', 1) }
    master.does({ type: 'submit', job, spec: SPEC, options })
    master.does({ type: 'cancel', job: first, reason: 'enough' })
    master.does({ type: 'add', job, inputs: anyInputs(1) })
    expect(ends(master)).to.deep.equal(['1.1 canceled', '2.1 aborted'])
    master.does({ type: 'close', job })
    expect(master.machine.state.jobs.size).to.equal(0)
  })

  describe('over a restart', () => {
    function restarted(master: TestMaster): TestMaster {
      const next = aMaster({ isDurable: true })
      next.restores(master)
      next.does({ type: 'recovered' })
      return next
    }

    it('waits on', () => {
      const master = aMaster({ isDurable: true })
      master.submit(1)
      master.submit(2, waiting('ok', 1))
      const next = restarted(master)
      next.joined('w', { slots: 9, credit: 9 })
      expect(next.machine.state.plain.waiting).to.equal(0)
      next.hearsReport('w', [ref(1)])
      expect(next.takeLeases()).to.deep.equal({ w: [1, 2] })
    })

    it('knows what ended before', () => {
      const master = aMaster({ isDurable: true })
      master.joined('w', { slots: 1, credit: 1 })
      master.submit(1)
      master.submit(1)
      master.submit(1, waiting('ok', 1, 2))
      master.submit(1, waiting('any', 1))
      master.hearsReport('w', [ref(1)], aResult('failure'))
      master.does({ type: 'close', job: 1 as JobId })
      expect(ends(master)).to.deep.equal(['1.1 failed', '3.1 aborted'])
      const next = restarted(master)
      next.joined('w', { slots: 9, credit: 9 })
      expect([...next.machine.state.jobs.keys()].map(Number)).to.deep.equal([2, 4])
      expect(next.machine.state.plain.waiting).to.equal(0)
    })

    it('gives up a job when nobody knows any more what it waits for, or that waits for itself', () => {
      for (const awaited of [3, 4]) {
        const master = aMaster({ isDurable: true })
        const job = 4 as JobId
        const options = { priority: 0, retries: 0, ...waiting('ok', awaited) }
        const ended = { finished: 0, failed: 0, canceled: 0, aborted: 0 }
        const saved = { type: 'job', job, spec: SPEC, options, isOpen: false, lastTask: 1 } as const
        const task = { task: 1, input: new Uint8Array(0), lease: undefined }
        master.machine.restore({ ...saved, ended })
        master.machine.restore({ type: 'tasks', job, tasks: [task] })
        master.does({ type: 'recovered' })
        expect(ends(master)).to.deep.equal(['4.1 aborted'])
      }
    })
  })
})
