import { expect } from 'chai'
import { READ_BYTES_MAX, READS_MAX } from '../../../../src/core/limits.ts'
import type { MasterMessage, OutputStream, WorkerMessage } from '../../../../src/core/messages.ts'
import type { AttemptRef, Millis } from '../../../../src/core/types.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

const RENEWAL_MS: Millis = 2_000

interface Place {
  readonly ref?: AttemptRef
  readonly stream?: OutputStream
  readonly offset?: number
}

function aRead({ ref: of = ref(1), stream = 'stdout', offset = 0 }: Place = {}): MasterMessage {
  return { type: 'read', ...of, stream, offset, bytesMax: READ_BYTES_MAX }
}

/** A worker that runs task 1 of job 1 for a master. */
function atWork(): TestWorker {
  const worker = aWorker({ slots: 2 })
  worker.joined('m')
  worker.hearsLeases('m', [ref(1)])
  worker.forget()
  return worker
}

function outputsOf(worker: TestWorker, master = 'm'): string[] {
  const is = (message: WorkerMessage): message is Extract<WorkerMessage, { type: 'output' }> =>
    message.type === 'output'
  return worker
    .takeMessages(master)
    .filter(is)
    .map(({ task, attempt, stream, offset, state, bytes }) => {
      return `${task}/${attempt} ${stream} ${offset} ${state} ${Buffer.from(bytes).toString()}`
    })
}

/** The reads that the executor was asked to do. */
function ordersOf(worker: TestWorker): string[] {
  return worker
    .take('read')
    .map(({ read, run, stream, offset }) => `${read}: ${run} ${stream} ${offset}`)
}

function hasRead(worker: TestWorker, read: number, text: string | undefined): void {
  const bytes = text === undefined ? undefined : Buffer.from(text)
  worker.does({ type: 'read', read, bytes })
}

describe('reads of live output', () => {
  it('are done by the executor, and answered with the place they are of', () => {
    const worker = atWork()
    worker.hears('m', aRead({ stream: 'stderr', offset: 7 }))
    expect(ordersOf(worker)).to.deep.equal(['1: 1 stderr 7'])
    hasRead(worker, 1, 'hello')
    expect(outputsOf(worker)).to.deep.equal(['1/1 stderr 7 running hello'])
    worker.expectNothingElse()
  })

  it('that find nothing wait until more is printed on their stream', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    hasRead(worker, 1, '')
    worker.does({ type: 'printed', run: 1, stream: 'stderr' })
    expect(ordersOf(worker)).to.deep.equal(['1: 1 stdout 0'])
    worker.does({ type: 'printed', run: 1, stream: 'stdout' })
    expect(ordersOf(worker)).to.deep.equal(['1: 1 stdout 0'])
    hasRead(worker, 1, 'x')
    expect(outputsOf(worker)).to.deep.equal(['1/1 stdout 0 running x'])
    worker.expectNothingElse()
  })

  it('miss nothing that is printed before it is known that there was nothing', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    worker.does({ type: 'printed', run: 1, stream: 'stdout' })
    expect(ordersOf(worker)).to.have.length(1)
    hasRead(worker, 1, '')
    expect(ordersOf(worker)).to.have.length(1)
  })

  it('end with the run, whether they wait or are under way', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    worker.hears('m', aRead({ offset: 5 }))
    hasRead(worker, 1, '')
    worker.ends(1)
    expect(outputsOf(worker)).to.deep.equal(['1/1 stdout 0 ended ', '1/1 stdout 5 ended '])
    hasRead(worker, 2, 'too late')
    expect(outputsOf(worker)).to.deep.equal([])
  })

  it('of a run that the executor does not have any more are told its end', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    hasRead(worker, 1, undefined)
    expect(outputsOf(worker)).to.deep.equal(['1/1 stdout 0 ended '])
  })

  it('of a run that nobody wants any more are told its end, too', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    hasRead(worker, 1, '')
    worker.hears('m', { type: 'cancel', attempts: [ref(1)] })
    expect(outputsOf(worker)).to.deep.equal([])
    worker.ends(1, aResult('failure'))
    expect(outputsOf(worker)).to.deep.equal(['1/1 stdout 0 ended '])
  })

  it('of what has ended, and of what is not there, are answered at once', () => {
    const worker = atWork()
    worker.hearsLeases('m', [ref(2)])
    worker.ends(1)
    worker.forget()
    for (const each of [ref(1), ref(2), ref(2, 2), ref(9), ref(1, 1, 9)]) {
      worker.hears('m', aRead({ ref: each }))
    }
    expect(ordersOf(worker)).to.deep.equal(['1: 2 stdout 0'])
    expect(outputsOf(worker)).to.deep.equal([
      '1/1 stdout 0 ended ',
      '2/2 stdout 0 unknown ',
      '9/1 stdout 0 unknown ',
      '1/1 stdout 0 unknown '
    ])
  })

  it('of what has not begun are answered at once', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.runsFast('m', 30)
    worker.hearsLeases(
      'm',
      Array.from({ length: 20 }, (_, at) => ref(100 + at))
    )
    worker.forget()
    expect(worker.machine.state.queued).to.be.above(0)
    worker.hears('m', aRead({ ref: ref(119) }))
    expect(ordersOf(worker)).to.deep.equal([])
    expect(outputsOf(worker)).to.deep.equal(['119/1 stdout 0 unknown '])
  })

  it("of another master's task learn nothing", () => {
    const worker = atWork()
    worker.joined('other')
    worker.hears('other', aRead())
    expect(ordersOf(worker)).to.deep.equal([])
    expect(outputsOf(worker, 'other')).to.deep.equal(['1/1 stdout 0 unknown '])
  })

  it('that come twice are done once, and again after their answer', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    worker.hears('m', aRead())
    expect(ordersOf(worker)).to.deep.equal(['1: 1 stdout 0'])
    hasRead(worker, 1, 'x')
    expect(outputsOf(worker)).to.have.length(1)
    worker.hears('m', aRead())
    expect(ordersOf(worker)).to.deep.equal(['2: 1 stdout 0'])
  })

  it('beyond the bound are ignored, those of other masters are not', () => {
    const worker = atWork()
    worker.joined('other')
    worker.hearsLeases('other', [ref(1)])
    for (let offset = 0; offset < READS_MAX + 10; offset++) worker.hears('m', aRead({ offset }))
    expect(ordersOf(worker)).to.have.length(READS_MAX)
    worker.hears('other', aRead())
    expect(ordersOf(worker)).to.have.length(1)
    expect(worker.machine.state.reads.size).to.equal(READS_MAX + 1)
    hasRead(worker, 1, 'x')
    worker.hears('m', aRead({ offset: READS_MAX }))
    expect(ordersOf(worker)).to.have.length(1)
  })

  it('end with their session, and can be asked for again in the next', () => {
    const worker = atWork()
    worker.hears('m', aRead())
    worker.disconnects('m')
    expect(worker.machine.state.reads.size).to.equal(0)
    worker.connects('m', 2)
    worker.hearsKept('m', [], 2)
    worker.forget()
    hasRead(worker, 1, 'of the old session')
    expect(outputsOf(worker)).to.deep.equal([])
    worker.hears('m', aRead(), 2)
    expect(ordersOf(worker)).to.deep.equal(['2: 1 stdout 0'])
    hasRead(worker, 2, 'x')
    expect(outputsOf(worker)).to.deep.equal(['1/1 stdout 0 running x'])
  })

  it('that wait for long are answered with nothing, before anybody gives them up', () => {
    const worker = atWork()
    worker.passes(RENEWAL_MS / 2)
    worker.hears('m', aRead())
    hasRead(worker, 1, '')
    worker.passes(RENEWAL_MS)
    expect(outputsOf(worker)).to.deep.equal([])
    worker.hears('m', { type: 'renewed', more: false })
    worker.passes(RENEWAL_MS)
    expect(outputsOf(worker)).to.deep.equal(['1/1 stdout 0 running '])
    expect(worker.machine.state.reads.size).to.equal(0)
  })
})
