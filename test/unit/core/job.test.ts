import { expect } from 'chai'
import { Job } from '../../../src/core/job.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import { SPEC } from '../../support/machines.ts'

function aJob(tasks: number): Job {
  const job = new Job(3 as JobId, SPEC, { priority: 0, retries: 0 })
  for (let task = 0; task < tasks; task++) job.add(new Uint8Array(0))
  return job
}

describe('Job', () => {
  it('numbers its tasks from 1', () => {
    const job = aJob(2)
    expect([...job.tasks.keys()]).to.deep.equal([1, 2])
    expect(job.tasks.get(2)?.ref).to.deep.equal({ job: 3, task: 2, attempt: 0 })
  })

  it('counts its tasks in every state', () => {
    const job = aJob(3)
    job.move(job.tasks.get(1)!, 'leased')
    job.end(job.tasks.get(2)!, 'failed')
    expect(job.counts).to.include({ waiting: 1, leased: 1, failed: 1 })
    expect(job.tasks.has(2)).to.equal(false)
  })

  it('has ended when it is closed and every task has ended', () => {
    const job = aJob(1)
    job.isOpen = false
    expect(job.hasEnded).to.equal(false)
    job.end(job.tasks.get(1)!, 'finished')
    expect(job.hasEnded).to.equal(true)
  })

  it('has not ended while more tasks may come', () => {
    expect(aJob(0).hasEnded).to.equal(false)
  })

  it('remembers the first two workers on which it failed', () => {
    const job = aJob(1)
    for (const worker of ['a', 'a', 'b', 'c']) job.noteFailure(worker as NodeId)
    expect(job.failedOn).to.deep.equal(['a', 'b'])
  })
})
