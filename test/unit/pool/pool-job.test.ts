import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import type { FunctionSpec } from '../../../src/core/spec.ts'
import type { BlobId, JobId } from '../../../src/core/types.ts'
import type { MasterRole } from '../../../src/node/master-role.ts'
import { PoolJob } from '../../../src/pool/pool-job.ts'

const SPEC: FunctionSpec = {
  kind: 'function',
  function: { bundle: { blob: 'ab' as BlobId, bytes: 1 }, exportName: 'run' },
  ...{ initializer: undefined, isAlone: false, timeoutMs: undefined, outputBytesMax: 1 },
  ...{ slotsMax: undefined, tasksPerChildMax: undefined, memoryBytesMax: undefined }
}
const INPUT = new Uint8Array(1)

/** A master that takes so many tasks of a job, and what it was handed. */
function aJob(
  room: number,
  fullAt?: number
): { job: PoolJob; added: number[]; closed: () => boolean } {
  const added: number[] = []
  let isClosed = false
  const master = {
    submit: () => 1 as JobId,
    add: (_job: JobId, inputs: readonly unknown[]) => {
      if (inputs.length > room) throw new P2pJobsError('LIMIT', 'a job has at most so many tasks')
      room -= inputs.length
      added.push(inputs.length)
    },
    close: () => (isClosed = true)
  }
  const fail = (error: Error): void => expect.fail(error.message)
  const options = { priority: 0, retries: 0 }
  const job = new PoolJob(master as unknown as MasterRole, SPEC, options, fail, fullAt)
  return { job, added, closed: () => isClosed }
}

/** What comes of calls, as words. */
function calls(job: PoolJob, count: number): string[] {
  const ends: string[] = []
  for (let call = 0; call < count; call++) {
    job.add(INPUT, { onSettled: (state, { reason }) => ends.push(`${state}: ${reason}`) })
  }
  return ends
}

describe('PoolJob', () => {
  it('hands over what comes within one turn together', async () => {
    const { job, added } = aJob(10)
    calls(job, 3)
    await Promise.resolve()
    expect(added).to.deep.equal([3])
  })

  it('fails calls that its job can have no more, and goes on with what fits', async () => {
    const { job, added, closed } = aJob(2)
    const ends = calls(job, 3)
    await Promise.resolve()
    expect(ends).to.deep.equal(new Array(3).fill('failed: a job has at most so many tasks'))
    expect(calls(job, 2)).to.deep.equal([])
    job.close()
    expect(added).to.deep.equal([2])
    expect(closed()).to.equal(true)
  })

  it('is full when it has had so many calls that another job has to take over', async () => {
    const { job } = aJob(10, 2)
    calls(job, 1)
    await Promise.resolve()
    expect(job.isFull).to.equal(false)
    calls(job, 1)
    await Promise.resolve()
    expect(job.isFull).to.equal(true)
  })
})
