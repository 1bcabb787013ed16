/**
 * Those who follow live output at a master, and a worker that is played by hand.
 */
import { expect } from 'chai'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import { READS_MAX } from '../../../src/core/limits.ts'
import type { MasterMessage, OutputPart, OutputState } from '../../../src/core/messages.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import { LiveOutput } from '../../../src/node/live-output.ts'
import type { LiveEnd, LivePiece, LiveStart } from '../../../src/node/live-output.ts'

const JOB = 1 as JobId
const WORKER = 'worker' as NodeId
const FOREVER = new AbortController().signal

type Read = Extract<MasterMessage, { type: 'read' }>

class Desk {
  readonly running = new Map<number, number>([[1, 1]])
  readonly reads: Read[] = []
  hasSession = true
  readonly live: LiveOutput

  constructor(answerMs?: number) {
    this.live = new LiveOutput({
      find: (_job, task) => {
        const attempt = this.running.get(task)
        return attempt === undefined ? undefined : { attempt, worker: WORKER }
      },
      send: (_worker, message) => {
        if (this.hasSession) this.reads.push(message as Read)
        return this.hasSession
      },
      ...(answerMs === undefined ? {} : { answerMs })
    })
  }

  follow(start: Partial<LiveStart> = {}, signal = FOREVER): Follower {
    return new Follower(
      this.live.follow({ job: JOB, task: 1, stream: 'stdout', offset: 0, ...start }, signal)
    )
  }

  /** Takes out what was asked for since. */
  asked(): string[] {
    return this.reads.splice(0).map(({ task, attempt, stream, offset }) => {
      return `${task}/${attempt} ${stream} ${offset}`
    })
  }

  answer(offset: number, text: string, part: Partial<OutputPart> = {}): void {
    const state: OutputState = 'running'
    const place = { job: JOB, task: 1, attempt: 1, stream: 'stdout' as const, offset, state }
    this.live.onOutput(WORKER, { ...place, bytes: Buffer.from(text), ...part })
  }

  cut(): void {
    this.hasSession = false
    this.live.onClosed(WORKER)
  }

  mend(): void {
    this.hasSession = true
    this.live.onOpened(WORKER)
  }
}

class Follower {
  readonly #pieces: AsyncGenerator<LivePiece, LiveEnd, undefined>

  constructor(pieces: AsyncGenerator<LivePiece, LiveEnd, undefined>) {
    this.#pieces = pieces
  }

  /** The next bytes, or how it ended. */
  async next(): Promise<string | LiveEnd> {
    const { done, value } = await this.#pieces.next()
    if (done === true) return value
    return `${value.attempt}@${value.offset} ${Buffer.from(value.bytes).toString()}`
  }
}

describe('followers of live output', () => {
  it('get bytes as they come, each from behind the last', async () => {
    const desk = new Desk()
    const follower = desk.follow({ offset: 5 })
    const first = follower.next()
    expect(desk.asked()).to.deep.equal(['1/1 stdout 5'])
    desk.answer(5, 'abc')
    expect(await first).to.equal('1@5 abc')
    // Nobody has asked for more.
    expect(desk.asked()).to.deep.equal([])
    const second = follower.next()
    await Promise.resolve()
    expect(desk.asked()).to.deep.equal(['1/1 stdout 8'])
    desk.answer(8, 'd')
    expect(await second).to.equal('1@8 d')
    expect(desk.live.size).to.equal(0)
  })

  it('ask again when there was nothing for long', async () => {
    const desk = new Desk()
    const next = desk.follow().next()
    desk.answer(0, '')
    await new Promise(setImmediate)
    expect(desk.asked()).to.deep.equal(['1/1 stdout 0', '1/1 stdout 0'])
    desk.answer(0, 'x')
    expect(await next).to.equal('1@0 x')
  })

  it('are told that the attempt has ended, and how far they are', async () => {
    const desk = new Desk()
    const next = desk.follow({ offset: 3 }).next()
    desk.answer(3, '', { state: 'ended' })
    expect(await next).to.deep.equal({ why: 'ended', attempt: 1, offset: 3 })
  })

  it('are told when nothing runs', async () => {
    const desk = new Desk()
    const end = await desk.follow({ task: 2, offset: 3 }).next()
    expect(end).to.deep.equal({ why: 'not running', attempt: undefined, offset: 3 })
    expect(desk.asked()).to.deep.equal([])
  })

  it('are told when the attempt comes to nothing, whatever its worker does', async () => {
    const desk = new Desk()
    const next = desk.follow().next()
    desk.running.delete(1)
    desk.live.onConcluded(JOB, 1)
    expect(await next).to.deep.equal({ why: 'gone', attempt: 1, offset: 0 })
    expect(desk.live.size).to.equal(0)
    const unknown = new Desk()
    const other = unknown.follow().next()
    unknown.answer(0, '', { state: 'unknown' })
    expect(await other).to.deep.equal({ why: 'gone', attempt: 1, offset: 0 })
  })

  it('never take bytes of one attempt for those of another', async () => {
    const desk = new Desk()
    const follower = desk.follow()
    const first = follower.next()
    desk.answer(0, 'old')
    await first
    desk.running.set(1, 2)
    expect(await follower.next()).to.deep.equal({ why: 'gone', attempt: 1, offset: 3 })
    // Of the new one, everything.
    desk.asked()
    const again = desk.follow({ attempt: 1, offset: 3 }).next()
    expect(desk.asked()).to.deep.equal(['1/2 stdout 0'])
    desk.answer(0, 'old')
    desk.answer(0, 'new', { attempt: 2 })
    expect(await again).to.equal('2@0 new')
  })

  it('go on where they were once a worker is back', async () => {
    const desk = new Desk()
    const follower = desk.follow()
    const first = follower.next()
    desk.answer(0, 'abc')
    await first
    const second = follower.next()
    await Promise.resolve()
    desk.cut()
    desk.asked()
    // Of the session that is over: not taken.
    desk.answer(3, 'lost')
    desk.mend()
    expect(desk.asked()).to.deep.equal(['1/1 stdout 3'])
    desk.answer(3, 'def')
    expect(await second).to.equal('1@3 def')
  })

  it('wait for a worker that is out of reach when they begin', async () => {
    const desk = new Desk()
    desk.cut()
    const next = desk.follow().next()
    expect(desk.asked()).to.deep.equal([])
    desk.mend()
    expect(desk.asked()).to.deep.equal(['1/1 stdout 0'])
    desk.answer(0, 'x')
    expect(await next).to.equal('1@0 x')
  })

  it('of the same place are served by one read', async () => {
    const desk = new Desk()
    const both = [desk.follow().next(), desk.follow().next()]
    expect(desk.asked()).to.deep.equal(['1/1 stdout 0'])
    desk.answer(0, 'x')
    expect(await Promise.all(both)).to.deep.equal(['1@0 x', '1@0 x'])
  })

  it('that give up hear nothing more, and what they asked for serves who comes back', async () => {
    const desk = new Desk()
    const stop = new AbortController()
    const next = desk.follow({}, stop.signal).next()
    stop.abort(new Error('enough'))
    const reason = await next.catch((error: unknown) => error)
    expect(reason).to.have.property('message', 'enough')
    const again = desk.follow().next()
    expect(desk.asked()).to.deep.equal(['1/1 stdout 0'])
    desk.answer(0, 'x')
    expect(await again).to.equal('1@0 x')
    expect(desk.live.size).to.equal(0)
  })

  it('that give up while their worker is out of reach leave nothing behind', async () => {
    const desk = new Desk()
    desk.cut()
    const stop = new AbortController()
    const next = desk.follow({}, stop.signal).next()
    stop.abort(new Error('enough'))
    await next.catch((error: unknown) => error)
    expect(desk.live.size).to.equal(0)
    desk.mend()
    expect(desk.asked()).to.deep.equal([])
  })

  it('of a worker that does not know what they want are told so', async () => {
    const desk = new Desk(1)
    const kept = setTimeout(() => expect.fail('nobody gave up'), 60_000)
    expect(await desk.follow().next()).to.deep.equal({ why: 'no answer', attempt: 1, offset: 0 })
    clearTimeout(kept)
    expect(desk.live.size).to.equal(0)
  })

  it('beyond the bound of a worker wait for the others', async () => {
    const desk = new Desk()
    const all = Array.from({ length: READS_MAX + 1 }, (_, offset) => desk.follow({ offset }).next())
    expect(desk.asked()).to.have.length(READS_MAX)
    desk.answer(0, 'x')
    expect(desk.asked()).to.deep.equal([`1/1 stdout ${READS_MAX}`])
    desk.answer(READS_MAX, 'y')
    expect(await all[0]).to.equal('1@0 x')
    expect(await all[READS_MAX]).to.equal(`1@${READS_MAX} y`)
    desk.live.onConcluded(JOB, 1)
    await Promise.all(all)
    expect(desk.live.size).to.equal(0)
  })

  it('learn that the master was stopped', async () => {
    const desk = new Desk()
    const next = desk.follow().next()
    desk.live.stop()
    const late = desk.follow().next()
    for (const each of [next, late]) {
      const error = await each.catch((thrown: unknown) => thrown)
      expect(operatingErrorOf(error)?.code).to.equal('STOPPED')
    }
  })

  it('get nothing that they did not ask for', async () => {
    const desk = new Desk()
    desk.answer(0, 'unasked')
    const next = desk.follow().next()
    desk.answer(7, 'elsewhere')
    desk.answer(0, 'other stream', { stream: 'stderr' })
    desk.live.onOutput('other' as NodeId, {
      ...{ job: JOB, task: 1, attempt: 1, stream: 'stdout', offset: 0, state: 'running' },
      bytes: Buffer.from('other worker')
    })
    desk.answer(0, 'x')
    desk.answer(0, 'again')
    expect(await next).to.equal('1@0 x')
  })
})
