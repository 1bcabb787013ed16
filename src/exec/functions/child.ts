/**
 * One child process, as the node sees it: it is given tasks and tells how they end.
 */
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { toError } from '../../core/errors.ts'
import { INLINE_BYTES_MAX, TASK_ANSWERS_BYTES_MAX } from '../../core/limits.ts'
import { FrameCutter, FrameWriter } from './child-frames.ts'
import {
  FromChild,
  NO_TASK,
  readEnd,
  readLeaving,
  readNotice,
  readOutput,
  readProgress,
  readSeq,
  writeFunction,
  writeHello,
  writeInitializer,
  writeStop,
  writeTask
} from './child-messages.ts'
import type { ChildEnd, Leaving } from './child-messages.ts'
import { ChildShelf } from './child-shelf.ts'
import { InHand } from './in-hand.ts'
import { NodeLedger } from './ledger.ts'
import { Relay } from './relay.ts'
import type { OpenManager } from './relay.ts'
import { writeAnswer, writeCallError } from './relay-messages.ts'
import type { ExportedFunction, Run, Work } from './run.ts'
import type { ChildFolders } from './sandbox.ts'

/** Modules stay in memory for good, and so may what tasks leave behind. */
const BUNDLES_MAX = 64
const TASKS_MAX = 1_000_000
/** A child sends larger things in parts. */
const FRAME_BYTES_MAX = 4 * INLINE_BYTES_MAX

export interface ChildEvents {
  onReady(child: Child): void
  onEnd(run: Run, end: ChildEnd): void
  /** False: not more than this before `resume` is called. */
  onOutput(run: Run, stream: number, bytes: Uint8Array): boolean
  onProgress(run: Run, value: Uint8Array): void
  /** A task that was revoked as it was about to begin has not begun. */
  onSkipped(run: Run): void
  onNotice(text: string): void
  /** All that came at once has been told. */
  onHeard(child: Child): void
  /** It ends, or it has sent what it should not: it has to be killed. */
  onLeaving(child: Child): void
  /** Nothing more will come from it. */
  onSilent(child: Child): void
}

export class Child {
  readonly number: number
  readonly shelf: ChildShelf
  readonly ledgerPath: string
  /** The crew it belongs to, for good. */
  crewKey: string | undefined
  state: 'starting' | 'ready' | 'leaving' = 'starting'
  wasReady = false
  /** What it said of its end. */
  leaving: Leaving | undefined
  idleSince = performance.now()
  heardAt = this.idleSince
  readonly #events: ChildEvents
  readonly #ledger: NodeLedger
  readonly #inHand: InHand
  readonly #relay: Relay
  readonly #out = new FrameWriter()
  readonly #cutter = new FrameCutter(FRAME_BYTES_MAX)
  readonly #functions = new Map<ExportedFunction, number>()
  #tasks: Socket | undefined
  #results: Socket | undefined
  #tasksMax = TASKS_MAX
  /** Tasks it was given and that were not taken back. */
  #given = 0
  #isWornOut = false
  #isBroken = false
  #isPrepared = false

  /** @param seen the folders as the child sees them, if that differs */
  constructor(
    number: number,
    folder: string,
    seen: ChildFolders | undefined,
    events: ChildEvents,
    openManager?: OpenManager
  ) {
    this.number = number
    this.shelf = new ChildShelf(join(folder, String(number)), seen)
    this.ledgerPath = join(this.shelf.root, 'ledger')
    this.#ledger = new NodeLedger(this.ledgerPath)
    this.#inHand = new InHand(this.#ledger)
    this.#events = events
    this.#relay = new Relay(openManager, {
      onAnswer: (request, answer) => {
        writeAnswer(this.#out, request, answer)
        this.#answer()
      },
      onError: (request, error) => {
        writeCallError(this.#out, request, error)
        this.#answer()
      }
    })
  }

  /** How many tasks it has. */
  get size(): number {
    return this.#inHand.size
  }

  get loadMs(): number {
    return this.#inHand.loadMs
  }

  /** It gets no more tasks. */
  get isRetiring(): boolean {
    return this.#isWornOut || this.#given >= this.#tasksMax
  }

  /** Whether its pipes have come. */
  get isAttached(): boolean {
    return this.#results !== undefined
  }

  /** Whether it can take a task in hand now. */
  hasRoomFor(run: Run): boolean {
    return this.state === 'ready' && !this.isRetiring && this.#inHand.hasRoomFor(run)
  }

  /** @param pid its own, as this machine sees it */
  attach(pid: number, tasks: Socket, results: Socket): void {
    this.#tasks = tasks
    this.#results = results
    // What ends them shows by the end of the results and by the launcher's word.
    for (const socket of [tasks, results]) socket.on('error', () => undefined).unref()
    results.on('data', (chunk: Buffer) => this.#onData(chunk))
    results.on('close', () => this.#events.onSilent(this))
    writeHello(this.#out, pid)
    this.flush()
  }

  /** From now on it belongs to a crew. */
  assign({ crewKey, tasksPerChildMax }: Work): void {
    this.crewKey = crewKey
    this.#tasksMax = Math.min(TASKS_MAX, tasksPerChildMax ?? TASKS_MAX)
  }

  /** Gives it a task; `flush` has to follow. Throws if a bundle cannot be given to it. */
  send(run: Run): void {
    const { start, work } = run
    if (!this.#isPrepared) this.#prepare(run)
    const fn = this.#define(work.fn, run)
    run.sentAt = performance.now()
    if (this.size === 0) this.heardAt = run.sentAt
    this.#inHand.add(run)
    this.#given++
    run.state = 'sent'
    run.child = this
    const { job, task, attempt, spec, input } = start
    const { outputBytesMax, isAlone: tellsPid } = spec
    const isUrgent = spec.timeoutMs !== undefined
    const { seq } = run
    const order = { seq, fn, job, task, attempt, outputBytesMax, isUrgent, tellsPid, input }
    writeTask(this.#out, order)
  }

  stop(run: Run): void {
    writeStop(this.#out, run.seq)
    this.flush()
  }

  flush(): void {
    if (this.#tasks === undefined || this.#out.isEmpty) return
    this.#tasks.cork()
    for (const piece of this.#out.take()) this.#tasks.write(piece)
    this.#tasks.uncork()
  }

  resume(): void {
    this.#results?.resume()
  }

  /** The task it is at. */
  current(): Run | undefined {
    return this.#inHand.current()
  }

  /** The task that it had to end for, or that it was at when it ended. */
  guilty(): Run | undefined {
    return this.leaving === undefined ? this.current() : this.#inHand.get(this.leaving.seq)
  }

  /** Takes back every task it has not begun. */
  revoke(): Run[] {
    const revoked = this.#inHand.revoke()
    this.#given -= revoked.length
    return revoked
  }

  /** Takes all its tasks: it is gone. */
  release(): Run[] {
    this.#relay.endAll()
    return this.#inHand.clear()
  }

  /** Asks it to end by itself. */
  retire(): void {
    this.state = 'leaving'
    this.#tasks?.end()
  }

  /** Lets go of what the node has of it. */
  close(): void {
    this.#relay.endAll()
    this.#tasks?.destroy()
    this.#results?.destroy()
    this.#ledger.close()
  }

  #prepare(run: Run): void {
    const { spec, initializer } = run.work
    if (initializer !== undefined && spec.initializer !== undefined) {
      writeInitializer(this.#out, this.#define(initializer, run), spec.initializer.input)
    }
    this.#isPrepared = true
  }

  #define(fn: ExportedFunction, { start }: Run): number {
    const known = this.#functions.get(fn)
    if (known !== undefined) return known
    const number = this.#functions.size + 1
    const path = this.shelf.place(fn.bundle, start.bundles.get(fn.bundle))
    if (this.shelf.bundleCount >= BUNDLES_MAX) this.#isWornOut = true
    writeFunction(this.#out, number, { path, exportName: fn.exportName })
    this.#functions.set(fn, number)
    return number
  }

  #onData(chunk: Buffer): void {
    if (this.#isBroken) return
    this.heardAt = performance.now()
    try {
      this.#cutter.cut(chunk, (frame) => this.#hear(frame))
    } catch (error) {
      // Its code has written into its pipes: nothing that comes out of them is believed any more.
      this.#isBroken = true
      this.#giveUp(`its process sent what it should not: ${toError(error).message}`)
    }
    if (this.size === 0) this.idleSince = this.heardAt
    this.#events.onHeard(this)
  }

  /** It has to be killed, and the task that it is at is to blame. */
  #giveUp(reason: string): void {
    this.leaving ??= { seq: this.current()?.seq ?? NO_TASK, exitCode: undefined, reason }
    this.#events.onLeaving(this)
  }

  #answer(): void {
    this.flush()
    if ((this.#tasks?.writableLength ?? 0) <= TASK_ANSWERS_BYTES_MAX || this.#isBroken) return
    this.#isBroken = true
    this.#giveUp('it asked a manager for more than it read')
  }

  #hear(frame: Buffer): void {
    const [type] = frame
    if (type === FromChild.ended) {
      const end = readEnd(frame)
      const run = this.#inHand.remove(end.seq)
      this.#relay.end(end.seq)
      if (run !== undefined) this.#events.onEnd(run, end)
    } else if (type === FromChild.output) {
      const { seq, stream, bytes } = readOutput(frame)
      const run = this.#inHand.get(seq)
      if (run !== undefined && !this.#events.onOutput(run, stream, bytes)) this.#results?.pause()
    } else if (type === FromChild.skipped) {
      const run = this.#inHand.remove(readSeq(frame))
      if (run === undefined) return
      this.#given--
      this.#events.onSkipped(run)
    } else if (type === FromChild.progress) {
      const { seq, value } = readProgress(frame)
      const run = this.#inHand.get(seq)
      if (run !== undefined) this.#events.onProgress(run, value)
    } else {
      this.#hearOfItself(type, frame)
    }
  }

  #hearOfItself(type: number | undefined, frame: Buffer): void {
    if (type === FromChild.call) {
      this.#relay.onCall(frame, (seq) => this.#inHand.get(seq) !== undefined)
    } else if (type === FromChild.part) {
      this.#relay.onPart(frame)
    } else if (type === FromChild.cancel) {
      this.#relay.onCancel(frame)
    } else if (type === FromChild.notice) {
      this.#events.onNotice(readNotice(frame))
    } else if (type === FromChild.retiring) {
      this.#isWornOut = true
    } else if (type === FromChild.leaving) {
      this.leaving ??= readLeaving(frame)
      this.#events.onLeaving(this)
    } else if (type === FromChild.ready && this.state === 'starting') {
      this.state = 'ready'
      this.wasReady = true
      this.idleSince = performance.now()
      this.#events.onReady(this)
    }
  }
}
