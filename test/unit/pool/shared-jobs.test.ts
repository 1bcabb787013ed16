import { expect } from 'chai'
import { JOBS_MAX } from '../../../src/core/limits.ts'
import type { FunctionRef } from '../../../src/core/spec.ts'
import type { BlobId } from '../../../src/core/types.ts'
import { SharedJobs } from '../../../src/pool/shared-jobs.ts'

class FakeJob {
  isFull = false
  isClosed = false

  close(): void {
    this.isClosed = true
  }
}

function refOf(exportName: string): FunctionRef {
  return { bundle: { blob: 'ab'.repeat(32) as BlobId, bytes: 5 }, exportName }
}

describe('pool: jobs that calls share', () => {
  const ref = refOf('work')
  let opened: FakeJob[]
  let jobs: SharedJobs<FakeJob>

  beforeEach(() => {
    opened = []
    jobs = new SharedJobs(() => {
      const job = new FakeJob()
      opened.push(job)
      return job
    })
  })

  it('are one for each function and kind of call', () => {
    const job = jobs.jobFor(ref, {})
    for (const options of [{}, { timeoutMs: Infinity }, { hedge: false }]) {
      expect(jobs.jobFor(ref, options)).to.equal(job)
    }
    expect(jobs.jobFor(ref, { timeoutMs: 99.5 })).to.equal(jobs.jobFor(ref, { timeoutMs: 100 }))
    for (const options of [{ retries: 1 }, { priority: 1 }, { hedge: true }, { worker: 'w' }]) {
      expect(jobs.jobFor(ref, options)).not.to.equal(job)
    }
    expect(jobs.jobFor(refOf('other'), {})).not.to.equal(job)
  })

  it('are followed by others when they are full', () => {
    const first = jobs.jobFor(ref, {})
    first.isFull = true
    expect(jobs.jobFor(ref, {})).not.to.equal(first)
    expect(first.isClosed).to.equal(true)
  })

  it('are not as many as there are time limits', () => {
    for (let timeoutMs = 1; timeoutMs <= 2 * JOBS_MAX; timeoutMs++) jobs.jobFor(ref, { timeoutMs })
    expect(opened.filter(({ isClosed }) => !isClosed)).to.have.length(JOBS_MAX / 10)
    const last = opened.at(-1)
    expect(jobs.jobFor(ref, { timeoutMs: 2 * JOBS_MAX })).to.equal(last)
    expect(jobs.jobFor(ref, { timeoutMs: 1 })).to.include({ isClosed: false })
  })
})
