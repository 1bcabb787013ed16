import { expect } from 'chai'
import { Job } from '../../../../src/core/job.ts'
import { SUBMITTERS_LOOK_MAX } from '../../../../src/core/limits.ts'
import { Backlog } from '../../../../src/core/master/backlog.ts'
import { Submitter } from '../../../../src/core/master/submitter.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { SPEC } from '../../../support/machines.ts'

function aJob(id: number, submitter: Submitter, priority = 0): Job {
  const job = new Job(id as JobId, SPEC, { priority, retries: 0 }, undefined, submitter)
  job.add(new Uint8Array(0))
  return job
}

/** Which job is served, so often in a row, each time with a task more in its submitter's hand. */
function served(backlog: Backlog, times: number): number[] {
  return Array.from({ length: times }, () => {
    const job = backlog.first(() => true)
    if (job === undefined) return 0
    backlog.noteServed(job)
    job.submitter.inHand++
    return job.id
  })
}

describe('Backlog', () => {
  it('serves whoever has the fewest tasks in hand, and of one submitter the oldest job', () => {
    const [ann, bob] = [new Submitter('ann'), new Submitter('bob')]
    const backlog = new Backlog()
    for (const job of [aJob(1, ann), aJob(2, ann), aJob(3, bob)]) backlog.add(job)
    ann.inHand = 2
    expect(served(backlog, 6)).to.deep.equal([3, 3, 1, 3, 1, 3])
  })

  it('puts priority above fairness', () => {
    const [ann, bob] = [new Submitter('ann'), new Submitter('bob')]
    const backlog = new Backlog()
    for (const job of [aJob(1, bob), aJob(2, ann, 5)]) backlog.add(job)
    expect(served(backlog, 3)).to.deep.equal([2, 2, 2])
  })

  it('gives everybody a turn, however many there are', () => {
    const backlog = new Backlog()
    const many = 3 * SUBMITTERS_LOOK_MAX
    for (let id = 1; id <= many; id++) backlog.add(aJob(id, new Submitter(`s${id}`)))
    expect(new Set(served(backlog, many)).size).to.equal(many)
  })

  it('looks at no more jobs than it has to', () => {
    const backlog = new Backlog()
    const ann = new Submitter('ann')
    for (let id = 1; id <= 10_000; id++) backlog.add(aJob(id, ann))
    let looks = 0
    expect(backlog.first(() => ++looks > 0)?.id).to.equal(1)
    expect(looks).to.equal(1)
  })

  it('looks at no more submitters than it may', () => {
    const backlog = new Backlog()
    for (let id = 1; id <= 1_000; id++) backlog.add(aJob(id, new Submitter(`s${id}`)))
    let looks = 0
    backlog.first(() => ++looks > 0)
    expect(looks).to.equal(SUBMITTERS_LOOK_MAX)
  })

  it('passes over the jobs that do not pass, and knows which it has', () => {
    const ann = new Submitter('ann')
    const backlog = new Backlog()
    const [first, second, urgent] = [aJob(1, ann), aJob(2, ann), aJob(3, ann, 1)]
    for (const job of [second, first, urgent]) expect(backlog.add(job)).to.equal(true)
    expect(backlog.add(first)).to.equal(false)
    expect(backlog.first(({ id }) => id === 2)).to.equal(second)
    expect(backlog.first(() => false)).to.equal(undefined)
    for (const job of [first, second, urgent]) {
      expect(backlog.has(job)).to.equal(true)
      backlog.remove(job)
      backlog.remove(job)
      expect(backlog.has(job)).to.equal(false)
    }
    expect(backlog.isEmpty).to.equal(true)
  })
})
