import { expect } from 'chai'
import { Job } from '../../../src/core/job.ts'
import type { Task } from '../../../src/core/task.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import { SPEC } from '../../support/machines.ts'

const anyone = (): boolean => true
const nobody = (): boolean => false

/** A job of four tasks, all waiting. */
function aJob(): { job: Job; tasks: Task[] } {
  const job = new Job(1 as JobId, SPEC, { priority: 0, retries: 0 })
  return { job, tasks: [1, 2, 3, 4].map(() => job.add(new Uint8Array(0))) }
}

function takeOut(job: Job): Task | undefined {
  const task = job.waiting.take(anyone)
  if (task !== undefined) job.move(task, 'leased')
  return task
}

function putBack(job: Job, task: Task): void {
  job.move(task, 'waiting')
  job.waiting.putBack(task)
}

describe('WaitingTasks', () => {
  it('gives tasks out in the order of their numbers', () => {
    const { job } = aJob()
    expect([takeOut(job), takeOut(job)].map((task) => task?.number)).to.deep.equal([1, 2])
  })

  it('gives those that came back out first, lowest number first', () => {
    const { job } = aJob()
    const out = [takeOut(job)!, takeOut(job)!]
    for (const task of out.toReversed()) putBack(job, task)
    const order = [1, 2, 3, 4].map(() => takeOut(job)?.number)
    expect(order).to.deep.equal([1, 2, 3, 4])
  })

  it('passes over tasks that do not wait any more', () => {
    const { job, tasks } = aJob()
    job.end(tasks[0]!, 'canceled')
    expect(takeOut(job)?.number).to.equal(2)
  })

  it('keeps a task that failed for somebody whom it suits', () => {
    const { job } = aJob()
    const task = takeOut(job)!
    task.avoids = ['w' as NodeId]
    putBack(job, task)
    expect(job.waiting.take(nobody)?.number).to.equal(2)
    expect(job.waiting.take(anyone)).to.equal(task)
  })

  it('gives nothing when nothing waits', () => {
    const { job } = aJob()
    for (let task = 0; task < 4; task++) takeOut(job)
    expect(job.waiting.take(anyone)).to.equal(undefined)
  })

  it('says whether there is one for somebody, and leaves it where it is', () => {
    const { job } = aJob()
    expect(job.waiting.has(nobody)).to.equal(true)
    const tasks = [1, 2, 3, 4].map(() => takeOut(job)!)
    expect(job.waiting.has(anyone)).to.equal(false)
    const [task] = tasks
    task!.avoids = ['w' as NodeId]
    putBack(job, task!)
    expect(job.waiting.has(nobody)).to.equal(false)
    expect(job.waiting.has(anyone)).to.equal(true)
    expect(takeOut(job)).to.equal(task)
  })

  it('gives a task out once that came back twice and was not taken between', () => {
    const { job } = aJob()
    const task = takeOut(job)!
    putBack(job, task)
    job.move(task, 'leased')
    putBack(job, task)
    expect(job.waiting.entries).to.equal(4)
    const order = [1, 2, 3, 4, 5].map(() => takeOut(job)?.number)
    expect(order).to.deep.equal([1, 2, 3, 4, undefined])
    expect(job.waiting.entries).to.equal(0)
  })

  it('keeps a task for others that was put back before, and has failed since', () => {
    const { job } = aJob()
    const task = takeOut(job)!
    putBack(job, task)
    job.move(task, 'leased')
    task.avoids = ['w' as NodeId]
    putBack(job, task)
    expect(job.waiting.take(nobody)?.number, 'the stale entry counts').to.equal(2)
  })
})
