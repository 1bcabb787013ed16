import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import type { Report } from '../../../src/core/messages.ts'
import type { BlobId, BlobRef, NodeId } from '../../../src/core/types.ts'
import { OutputFetches } from '../../../src/node/output-fetches.ts'
import { aResult, ref } from '../../support/machines.ts'

const LAB = 'lab' as NodeId

function blobOf(name: string): BlobRef {
  return { blob: name as BlobId, bytes: 300_000 }
}

/** A report of a task, with a blob for each name. */
function aReport(task: number, stdout: string, stderr?: string): Report {
  const result = { ...aResult(), stdout: blobOf(stdout) }
  return {
    ...ref(task),
    result: stderr === undefined ? result : { ...result, stderr: blobOf(stderr) }
  }
}

class Fixture {
  readonly asked: string[] = []
  readonly arrived: string[] = []
  readonly released: string[] = []
  readonly problems: string[] = []
  readonly unwanted = new Set<number>()
  readonly #answers = new Map<string, PromiseWithResolvers<undefined>>()
  readonly #fetches = new OutputFetches({
    isWanted: (_worker, { task }) => !this.unwanted.has(task),
    onArrived: (worker, { task, result }, obtained) => {
      const blobs = obtained.map(({ blob }) => blob).join('+')
      this.arrived.push(`${task} of ${worker}: ${result.outcome} ${blobs}`)
    },
    release: (obtained) => this.released.push(...obtained.map(({ blob }) => blob)),
    onProblem: (text) => this.problems.push(text)
  })

  reports(report: Report, worker = LAB): void {
    this.#fetches.add(worker, report, async ({ blob }) => {
      this.asked.push(blob)
      const answer = Promise.withResolvers<undefined>()
      this.#answers.set(blob, answer)
      await answer.promise
    })
  }

  async brings(blob: string): Promise<void> {
    this.#answers.get(blob)?.resolve(undefined)
    await nextTurn()
  }

  async fails(blob: string, code: ErrorCode): Promise<void> {
    this.#answers.get(blob)?.reject(new P2pJobsError(code, `no ${blob}`))
    await nextTurn()
  }
}

describe('output fetches', () => {
  let fetches: Fixture
  beforeEach(() => (fetches = new Fixture()))

  it('a report arrives when all its blobs are here', async () => {
    fetches.reports(aReport(1, 'out', 'err'))
    await fetches.brings('out')
    expect(fetches.arrived).to.deep.equal([])
    await fetches.brings('err')
    expect(fetches.arrived).to.deep.equal(['1 of lab: success out+err'])
    expect(fetches.released).to.deep.equal([])
  })

  it('a report that is repeated meanwhile starts nothing, and one that comes after does', async () => {
    for (let times = 0; times < 3; times++) fetches.reports(aReport(1, 'out'))
    expect(fetches.asked).to.deep.equal(['out'])
    await fetches.brings('out')
    expect(fetches.arrived).to.have.length(1)
    fetches.reports(aReport(1, 'out'))
    expect(fetches.asked).to.deep.equal(['out', 'out'])
  })

  it('another attempt, or another worker, is another report', () => {
    fetches.reports(aReport(1, 'out'))
    fetches.reports({ ...aReport(1, 'again'), attempt: 2 })
    fetches.reports(aReport(1, 'elsewhere'), 'desk' as NodeId)
    expect(fetches.asked).to.deep.equal(['out', 'again', 'elsewhere'])
  })

  it('four at a time from one worker, the others in their order', async () => {
    for (let task = 1; task <= 6; task++) fetches.reports(aReport(task, `out${task}`))
    fetches.reports(aReport(7, 'other'), 'desk' as NodeId)
    expect(fetches.asked).to.deep.equal(['out1', 'out2', 'out3', 'out4', 'other'])
    await fetches.brings('out3')
    await fetches.fails('out1', 'UNREACHABLE')
    expect(fetches.asked.slice(5)).to.deep.equal(['out5', 'out6'])
  })

  it('what fails is let go, told, and tried again with the next report', async () => {
    fetches.reports(aReport(1, 'out', 'err'))
    await fetches.brings('out')
    await fetches.fails('err', 'UNREACHABLE')
    expect(fetches.arrived).to.deep.equal([])
    expect(fetches.released).to.deep.equal(['out'])
    expect(fetches.problems).to.deep.equal(['output of lab: no err'])
    fetches.reports(aReport(1, 'out', 'err'))
    await fetches.brings('out')
    await fetches.brings('err')
    expect(fetches.arrived).to.deep.equal(['1 of lab: success out+err'])
  })

  it('a blob that its worker does not have after three times: the result is lost', async () => {
    for (const code of ['BLOB_NOT_FOUND', 'BLOB_DAMAGED', 'BAD_MESSAGE'] as const) {
      expect(fetches.arrived).to.deep.equal([])
      fetches.reports(aReport(1, 'out'))
      await fetches.fails('out', code)
    }
    expect(fetches.arrived).to.deep.equal(['1 of lab: refused '])
  })

  it('a link that breaks loses nothing, however often', async () => {
    for (let times = 0; times < 10; times++) {
      fetches.reports(aReport(1, 'out'))
      await fetches.fails('out', 'UNREACHABLE')
    }
    expect(fetches.arrived).to.deep.equal([])
  })

  it('the end of this node is no problem of the worker', async () => {
    fetches.reports(aReport(1, 'out'))
    await fetches.fails('out', 'STOPPED')
    expect(fetches.problems).to.deep.equal([])
  })

  it('failures before a success do not count', async () => {
    for (let times = 0; times < 2; times++) {
      fetches.reports(aReport(1, 'out'))
      await fetches.fails('out', 'BLOB_DAMAGED')
    }
    fetches.reports(aReport(1, 'out'))
    await fetches.brings('out')
    fetches.reports(aReport(1, 'out'))
    await fetches.fails('out', 'BLOB_DAMAGED')
    expect(fetches.arrived).to.deep.equal(['1 of lab: success out'])
  })

  it('what nobody waits for any more is not fetched', async () => {
    for (let task = 1; task <= 5; task++) fetches.reports(aReport(task, `out${task}`, `err${task}`))
    fetches.unwanted.add(1).add(5)
    await fetches.brings('out1')
    expect(fetches.asked).to.deep.equal(['out1', 'out2', 'out3', 'out4'])
    // The machine is told all the same, and says that the worker can drop it.
    expect(fetches.arrived).to.deep.equal(['1 of lab: success out1', '5 of lab: success '])
  })
})
