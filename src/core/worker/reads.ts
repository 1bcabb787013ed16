/**
 * Live output: who follows what runs here.
 *
 * A read is answered when there are bytes behind its place, or when the run has ended; one that
 * waits for long is answered with nothing, so that its master knows that it is not forgotten.
 * Who follows asks again after each answer: who does not ask gets nothing, and costs nothing.
 */
import { READS_MAX } from '../limits.ts'
import type { MasterMessage, OutputState, OutputStream } from '../messages.ts'
import type { AttemptRef } from '../types.ts'
import type { Held, MasterView } from './master-view.ts'
import type { WorkerState } from './state.ts'

type Read = Extract<MasterMessage, { type: 'read' }>

/** A read that was not answered yet. */
export interface LiveRead {
  readonly number: number
  readonly view: MasterView
  readonly ref: AttemptRef
  readonly run: number
  readonly stream: OutputStream
  readonly offset: number
  readonly bytesMax: number
  /** `asked`: the executor is to answer; `waiting`: it had nothing, and will tell of more. */
  state: 'asked' | 'waiting'
  /** More was printed while the executor was asked. */
  hasMore: boolean
  /** It was there when the leases were last renewed. */
  isOld: boolean
}

/** All reads, by their number and by what they read. */
export class LiveReads {
  readonly #reads = new Map<number, LiveRead>()
  readonly #ofRun = new Map<number, Set<LiveRead>>()
  #last = 0

  get size(): number {
    return this.#reads.size
  }

  next(): number {
    return ++this.#last
  }

  get(number: number): LiveRead | undefined {
    return this.#reads.get(number)
  }

  ofRun(run: number): readonly LiveRead[] {
    return [...(this.#ofRun.get(run) ?? [])]
  }

  add(read: LiveRead): void {
    read.view.reads.set(keyOf(read.ref, read), read)
    this.#reads.set(read.number, read)
    const others = this.#ofRun.get(read.run)
    if (others === undefined) this.#ofRun.set(read.run, new Set([read]))
    else others.add(read)
  }

  remove(read: LiveRead): void {
    read.view.reads.delete(keyOf(read.ref, read))
    this.#reads.delete(read.number)
    const others = this.#ofRun.get(read.run)
    if (others?.delete(read) === true && others.size === 0) this.#ofRun.delete(read.run)
  }
}

/** A master reads; `held`: what it means, if it has that in hand here. */
export function onRead(
  state: WorkerState,
  view: MasterView,
  held: Held | undefined,
  { stream, offset, bytesMax, job, task, attempt }: Read
): void {
  const ref = { job, task, attempt }
  if (held?.state !== 'running') {
    const answer = held?.state === 'ended' ? 'ended' : 'unknown'
    state.send(view, { type: 'output', ...ref, stream, offset, state: answer, bytes: NOTHING })
    return
  }
  // A master that keeps to the protocol asks neither twice nor for more.
  if (view.reads.has(keyOf(ref, { stream, offset })) || view.reads.size >= READS_MAX) return
  const number = state.reads.next()
  const read: LiveRead = {
    ...{ number, view, ref, run: held.run, stream, offset, bytesMax },
    ...{ state: 'asked', hasMore: false, isOld: false }
  }
  state.reads.add(read)
  ask(state, read)
}

/** The executor has answered. */
export function onReadDone(
  state: WorkerState,
  number: number,
  bytes: Uint8Array | undefined
): void {
  const read = state.reads.get(number)
  // Its session is over, or the run has ended meanwhile.
  if (read?.state !== 'asked') return
  if (bytes === undefined) answer(state, read, 'ended', NOTHING)
  else if (bytes.length > 0) answer(state, read, 'running', bytes)
  else if (read.hasMore) ask(state, read)
  else read.state = 'waiting'
}

/** There is more than an executor that was asked had then. */
export function onPrinted(state: WorkerState, run: number, stream: OutputStream): void {
  for (const read of state.reads.ofRun(run)) {
    if (read.stream !== stream) continue
    if (read.state === 'waiting') ask(state, read)
    else read.hasMore = true
  }
}

/** The run is over: what was printed last is in its result. */
export function endReads(state: WorkerState, run: number): void {
  for (const read of state.reads.ofRun(run)) answer(state, read, 'ended', NOTHING)
}

/** Answers what has waited since the last renewal: to be called at each. */
export function answerOldReads(state: WorkerState, view: MasterView): void {
  for (const read of [...view.reads.values()]) {
    if (read.isOld && read.state === 'waiting') answer(state, read, 'running', NOTHING)
    else read.isOld = true
  }
}

/** The session is over: who follows asks again in the next one. */
export function dropReads(state: WorkerState, view: MasterView): void {
  for (const read of [...view.reads.values()]) state.reads.remove(read)
}

const NOTHING = new Uint8Array(0)

function ask(state: WorkerState, read: LiveRead): void {
  const { number, view, run, stream, offset, bytesMax } = read
  read.state = 'asked'
  read.hasMore = false
  if (view.session === undefined) return
  const order = { read: number, run, stream, offset, bytesMax }
  state.push({ type: 'read', master: view.id, session: view.session, ...order })
}

function answer(state: WorkerState, read: LiveRead, how: OutputState, bytes: Uint8Array): void {
  const { view, ref, stream, offset } = read
  state.reads.remove(read)
  state.send(view, { type: 'output', ...ref, stream, offset, state: how, bytes })
}

function keyOf(
  { job, task, attempt }: AttemptRef,
  { stream, offset }: Pick<LiveRead, 'stream' | 'offset'>
): string {
  return `${job} ${task} ${attempt} ${stream} ${offset}`
}
