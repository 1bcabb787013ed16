import { expect } from 'chai'
import type { JobId } from '../../../src/core/types.ts'
import { FedJob } from '../../../src/node/fed-job.ts'
import { anyInputs } from '../../support/machines.ts'

interface Written {
  readonly first: number
  readonly count: number
}

/** A job with so many tasks, and what was written of it; `fail`: why nothing is. */
function fed(tasks = 0): { job: FedJob; written: Written[]; fail: (error: Error) => void } {
  const written: Written[] = []
  let failure: Error | undefined
  const job = new FedJob({
    ...{ job: 1 as JobId, tasks },
    write: async ({ first, inputs }) => {
      written.push({ first, count: inputs.length })
      await Promise.resolve()
      if (failure !== undefined) throw failure
    }
  })
  return { job, written, fail: (error) => (failure = error) }
}

describe('FedJob', () => {
  it('writes what is added in one turn as one record', async () => {
    const { job, written } = fed(10)
    const adds = [job.add(anyInputs(1)), job.add(anyInputs(3)), job.add(anyInputs(1))]
    expect(job.tasks).to.equal(15)
    expect(written).to.deep.equal([])
    await Promise.all(adds)
    expect(written).to.deep.equal([{ first: 11, count: 5 }])
    await job.add(anyInputs(2))
    expect(written[1]).to.deep.equal({ first: 16, count: 2 })
  })

  it('begins another record when one is full', async () => {
    const { job, written } = fed()
    await Promise.all(Array.from({ length: 1_500 }, () => job.add(anyInputs(1))))
    expect(written.map(({ count }) => count)).to.deep.equal([1_024, 476])
    await Promise.all([1, 2, 3].map(() => job.add([new Uint8Array(600_000)])))
    expect(written.slice(2).map(({ count }) => count)).to.deep.equal([2, 1])
  })

  it('writes it before whatever comes next, when told', async () => {
    const { job, written } = fed()
    const added = job.add(anyInputs(2))
    job.flush()
    expect(written).to.deep.equal([{ first: 1, count: 2 }])
    job.flush()
    await added
    expect(written).to.have.length(1)
  })

  it('tells everyone whose tasks are in a record that could not be written', async () => {
    const { job, fail } = fed()
    const full = new Error('the disk is full')
    fail(full)
    const adds = await Promise.allSettled([job.add(anyInputs(1)), job.add(anyInputs(1))])
    const told = { status: 'rejected', reason: full }
    expect(adds).to.deep.equal([told, told])
  })
})
