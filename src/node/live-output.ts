/**
 * Live output at a master: what running tasks print, for those who follow them.
 *
 * It is pulled. A follower asks for what comes behind its own place, and for more once it has taken
 * that: one that is slow holds 64 KiB, and keeps neither the task nor its worker nor other followers
 * waiting. Who asks for the same is answered by one and the same read.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import { READ_ANSWER_MS, READ_BYTES_MAX, READS_MAX } from '../core/limits.ts'
import type { RunningAttempt } from '../core/master/master.ts'
import type { MasterMessage, OutputPart, OutputPlace, OutputStream } from '../core/messages.ts'
import type { JobId, NodeId } from '../core/types.ts'

/** Where to begin. */
export interface LiveStart {
  readonly job: JobId
  readonly task: number
  readonly stream: OutputStream
  readonly offset: number
  /** The attempt in whose output the offset is; any other that runs is followed from its beginning. */
  readonly attempt?: number
}

/** Bytes of an attempt, and where in its output they stand. */
export interface LivePiece {
  readonly attempt: number
  readonly offset: number
  readonly bytes: Uint8Array
}

/**
 * Why there is nothing more to follow:
 *
 * - `not running`: no attempt of the task runs now;
 * - `ended`: the attempt has, and its result has or will have what comes behind the offset;
 * - `gone`: the attempt came to nothing, or its result is recorded already;
 * - `no answer`: its worker does not know how to tell what tasks print.
 */
export interface LiveEnd {
  readonly why: 'not running' | 'ended' | 'gone' | 'no answer'
  /** What was followed, and how far; undefined: nothing. */
  readonly attempt: number | undefined
  readonly offset: number
}

export interface LiveOutputInit {
  find(job: JobId, task: number): RunningAttempt | undefined
  /** False: there is no session with that worker now. */
  send(worker: NodeId, message: MasterMessage): boolean
  /** How long an answer may take. */
  readonly answerMs?: number
}

/** An answer, or why there will be none. */
type Answer = Pick<OutputPart, 'state' | 'bytes'> | 'gone' | 'no answer'
type Waiter = (answer: Answer | Error) => void

interface Read {
  readonly worker: NodeId
  readonly place: OutputPlace
  readonly waiters: Set<Waiter>
  /** Undefined: it could not be asked yet. */
  timer: NodeJS.Timeout | undefined
}

/** Reads of one worker, by their place. */
class WorkerReads {
  readonly asked = new Map<string, Read>()
  readonly waiting = new Map<string, Read>()
}

export class LiveOutput {
  readonly #init: LiveOutputInit
  readonly #workers = new Map<NodeId, WorkerReads>()
  readonly #ofTask = new Map<string, Set<Read>>()
  #isStopped = false

  constructor(init: LiveOutputInit) {
    this.#init = init
  }

  /** Tasks that are followed. */
  get size(): number {
    return this.#ofTask.size
  }

  /**
   * What an attempt prints, as it comes, until it ends; a worker that is out of reach is waited for.
   * Rejects with the signal's reason, and with STOPPED when the master is.
   */
  async *follow(
    { job, task, stream, ...start }: LiveStart,
    signal: AbortSignal
  ): AsyncGenerator<LivePiece, LiveEnd, undefined> {
    const running = this.#init.find(job, task)
    if (running === undefined)
      return { why: 'not running', attempt: undefined, offset: start.offset }
    const { attempt, worker } = running
    let offset = start.attempt === undefined || start.attempt === attempt ? start.offset : 0
    while (this.#init.find(job, task)?.attempt === attempt) {
      const answer = await this.#ask(worker, { job, task, attempt, stream, offset }, signal)
      if (typeof answer === 'string') return { why: answer, attempt, offset }
      if (answer.bytes.length > 0) yield { attempt, offset, bytes: answer.bytes }
      offset += answer.bytes.length
      if (answer.state === 'ended') return { why: 'ended', attempt, offset }
      if (answer.state === 'unknown') break
    }
    return { why: 'gone', attempt, offset }
  }

  /** A worker has answered; what nobody asked for is ignored. */
  onOutput(worker: NodeId, part: OutputPart): void {
    const read = this.#workers.get(worker)?.asked.get(keyOf(part))
    if (read !== undefined) this.#settle(read, part)
  }

  /** The worker has opened a session: what it was asked before, it is asked again. */
  onOpened(worker: NodeId): void {
    this.onClosed(worker)
    this.#askMore(worker)
  }

  /** There is no session with the worker: what it was asked waits for the next one. */
  onClosed(worker: NodeId): void {
    const reads = this.#workers.get(worker)
    for (const [key, read] of [...(reads?.asked ?? [])]) {
      clearTimeout(read.timer)
      read.timer = undefined
      reads?.asked.delete(key)
      if (read.waiters.size > 0) reads?.waiting.set(key, read)
      else this.#remove(read)
    }
  }

  /** The attempt is over, as far as this master is concerned. */
  onConcluded(job: JobId, task: number): void {
    // Mostly nobody follows anything.
    if (this.#ofTask.size === 0) return
    for (const read of [...(this.#ofTask.get(taskKeyOf(job, task)) ?? [])]) {
      this.#settle(read, 'gone')
    }
  }

  /** Nobody gets anything more. */
  stop(): void {
    this.#isStopped = true
    const error = new P2pJobsError('STOPPED', 'the master was stopped')
    for (const reads of [...this.#ofTask.values()]) {
      for (const read of [...reads]) this.#settle(read, error)
    }
  }

  async #ask(worker: NodeId, place: OutputPlace, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted()
    if (this.#isStopped) throw new P2pJobsError('STOPPED', 'the master was stopped')
    const read = this.#readOf(worker, place)
    const { promise, resolve } = Promise.withResolvers<Answer | Error>()
    const onAbort = (): void => resolve(toError(signal.reason))
    signal.addEventListener('abort', onAbort)
    read.waiters.add(resolve)
    this.#askMore(worker)
    const answer = await promise
    signal.removeEventListener('abort', onAbort)
    read.waiters.delete(resolve)
    // One that was asked stays until it is answered: who comes back is answered by it.
    if (read.waiters.size === 0 && read.timer === undefined) this.#remove(read)
    if (answer instanceof Error) throw answer
    return answer
  }

  /** The read that is under way, or a new one that waits. */
  #readOf(worker: NodeId, place: OutputPlace): Read {
    const reads = this.#workers.get(worker) ?? new WorkerReads()
    this.#workers.set(worker, reads)
    const key = keyOf(place)
    const known = reads.asked.get(key) ?? reads.waiting.get(key)
    if (known !== undefined) return known
    const read: Read = { worker, place, waiters: new Set(), timer: undefined }
    reads.waiting.set(key, read)
    const taskKey = taskKeyOf(place.job, place.task)
    const others = this.#ofTask.get(taskKey)
    if (others === undefined) this.#ofTask.set(taskKey, new Set([read]))
    else others.add(read)
    return read
  }

  /** Asks for as much as may be under way. */
  #askMore(worker: NodeId): void {
    const reads = this.#workers.get(worker)
    if (reads === undefined) return
    for (const [key, read] of reads.waiting) {
      if (reads.asked.size >= READS_MAX) return
      const message = { type: 'read', ...read.place, bytesMax: READ_BYTES_MAX } as const
      // Before it is sent: within one process it is answered at once.
      reads.waiting.delete(key)
      reads.asked.set(key, read)
      const answerMs = this.#init.answerMs ?? READ_ANSWER_MS
      read.timer = setTimeout(() => this.#settle(read, 'no answer'), answerMs).unref()
      if (this.#init.send(worker, message)) continue
      this.onClosed(worker)
      return
    }
  }

  #settle(read: Read, answer: Answer | Error): void {
    this.#remove(read)
    for (const waiter of read.waiters) waiter(answer)
    this.#askMore(read.worker)
  }

  #remove(read: Read): void {
    clearTimeout(read.timer)
    read.timer = undefined
    const { worker, place } = read
    const reads = this.#workers.get(worker)
    const key = keyOf(place)
    for (const places of [reads?.asked, reads?.waiting]) {
      if (places?.get(key) === read) places.delete(key)
    }
    if (reads?.asked.size === 0 && reads.waiting.size === 0) this.#workers.delete(worker)
    const taskKey = taskKeyOf(place.job, place.task)
    const others = this.#ofTask.get(taskKey)
    if (others?.delete(read) === true && others.size === 0) this.#ofTask.delete(taskKey)
  }
}

function keyOf({ job, task, attempt, stream, offset }: OutputPlace): string {
  return `${job} ${task} ${attempt} ${stream} ${offset}`
}

function taskKeyOf(job: JobId, task: number): string {
  return `${job} ${task}`
}
