import { expect } from 'chai'
import fc from 'fast-check'
import { Job } from '../../../../src/core/job.ts'
import { Conduct } from '../../../../src/core/master/conduct.ts'
import { WorkerView } from '../../../../src/core/master/worker-view.ts'
import type { JobId, NodeId } from '../../../../src/core/types.ts'
import { SPEC } from '../../../support/machines.ts'

function aJob(id: number, slotsMax?: number): Job {
  return new Job(id as JobId, { ...SPEC, slotsMax }, { priority: 0, retries: 0 })
}

function aView(slots: number): WorkerView {
  const view = new WorkerView('w' as NodeId, new Conduct())
  view.slots = slots
  view.session = 1
  return view
}

const INPUT = new Uint8Array(0)

describe('WorkerView', () => {
  it('has open credit only in a session, and what is used or withdrawn is not open', () => {
    const view = aView(2)
    Object.assign(view, { credit: 7, withdrawn: 2, used: 4 })
    expect(view.openCredit).to.equal(1)
    view.endSession()
    expect(view.openCredit).to.equal(0)
  })

  it('has as many free slots as no task can run in at once', () => {
    const view = aView(4)
    const [limited, free] = [aJob(1, 1), aJob(2)]
    for (const job of [limited, limited, limited, free]) view.hold(job.add(INPUT))
    expect(view.freeSlots).to.equal(2)
  })

  it('counts the same whatever comes and goes', () => {
    const jobs = [aJob(1, 1), aJob(2, 3), aJob(3)]
    const tasks = jobs.flatMap((job) => Array.from({ length: 5 }, () => job.add(INPUT)))
    const step = fc.tuple(fc.boolean(), fc.nat(tasks.length - 1))
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const view = aView(4)
        for (const [isHeld, at] of steps) {
          if (isHeld) view.hold(tasks[at]!)
          else view.release(tasks[at]!)
        }
        const run = jobs.map((job) =>
          Math.min(
            job.spec.slotsMax ?? Infinity,
            [...view.held].filter((task) => task.job === job).length
          )
        )
        const busy = run.reduce((sum, count) => sum + count, 0)
        expect(view.freeSlots).to.equal(Math.max(0, 4 - busy))
      })
    )
  })

  it('may hold as many of a job as it may run, and more only of short tasks', () => {
    const view = aView(4)
    const job = aJob(1, 2)
    for (let task = 0; task < 2; task++) view.hold(job.add(INPUT))
    expect(view.mayHoldMoreOf(job, 0)).to.equal(false)
    for (let end = 0; end < 50; end++) view.countEnd(job, end)
    expect(view.mayHoldMoreOf(job, 50)).to.equal(true)
    expect(view.mayHoldMoreOf(job, 1_000)).to.equal(false)
  })

  it('may hold any number of a job that may run in all its slots', () => {
    const view = aView(4)
    const job = aJob(1, 4)
    for (let task = 0; task < 9; task++) view.hold(job.add(INPUT))
    expect(view.mayHoldMoreOf(job, 0)).to.equal(true)
  })
})
