/**
 * The objects of managers in a child: what stands for them among the arguments of tasks, and their
 * calls, which go to the node. Each call is of the task whose code makes it.
 */
import { P2pJobsError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { ITEM_BYTES_MAX, TASK_CALLS_BYTES_MAX, TASK_CALLS_MAX } from '../../../core/limits.ts'
import { sizeOf } from '../../../core/manager/calls.ts'
import type { Answer, Call } from '../../../core/manager/calls.ts'
import { proxyFor } from '../../../proxies/proxy-for.ts'
import type { Asked, Caller, Calls } from '../../../proxies/shared.ts'
import type { Reference } from '../../../values/references.ts'
import { readAnswer, writeCall, writeCancel } from '../relay-messages.ts'
import type { Outbox } from './outbox.ts'
import type { RunningTask } from './running-task.ts'

interface Pending {
  readonly task: RunningTask
  readonly bytes: number
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** A call is an item and what is said beside it; a list of many has to be given in parts. */
const CALL_BYTES_MAX = ITEM_BYTES_MAX + 1024 * 1024

export class ManagerCalls {
  readonly #outbox: Outbox
  readonly #taskNow: () => RunningTask | undefined
  readonly #pending = new Map<number, Pending>()
  /** How each object that stands for one of a manager calls. */
  readonly #callsOf = new WeakMap<object, ObjectCalls>()
  /** The objects that a task has used. */
  readonly #attached = new WeakMap<RunningTask, Set<ObjectCalls>>()
  #bytes = 0
  #requests = 0
  #handles = 0
  #isFlushDue = false

  constructor(outbox: Outbox, taskNow: () => RunningTask | undefined) {
    this.#outbox = outbox
    this.#taskNow = taskNow
  }

  /** What stands for a manager's object here. */
  readonly resolve = (reference: Reference): object => {
    const { manager, options } = reference
    const lock = typeof options === 'object' && options !== null ? options : this
    const calls = new ObjectCalls(this, manager, ++this.#handles, this.#callsOf.get(lock))
    const proxy = proxyFor(calls, reference)
    this.#callsOf.set(proxy, calls)
    return proxy
  }

  /** A call of the task that is at work now. */
  ask(object: ObjectCalls, call: Call): Asked {
    const task = this.#taskNow()
    if (task === undefined || task.hasEnded) return refused(NOT_NOW)
    if (sizeOf(call) > CALL_BYTES_MAX) return refused(TOO_LONG)
    if (this.#pending.size >= TASK_CALLS_MAX / 2 || this.#bytes > TASK_CALLS_BYTES_MAX / 2) {
      return refused(TOO_MANY)
    }
    this.#attach(task, object)
    const { promise, ...pending } = Promise.withResolvers<Answer>()
    const request = this.#send(task, object.manager, call, pending)
    return { request, answer: promise }
  }

  cancel(request: number): void {
    const pending = this.#pending.get(request)
    if (pending === undefined) return
    writeCancel(this.#outbox, pending.task.order.seq, request)
    this.#flushSoon()
  }

  onAnswer(frame: Buffer): void {
    const { request, answer } = readAnswer(frame)
    const pending = this.#take(request)
    if ('code' in answer) {
      pending?.reject(new P2pJobsError(answer.code as ErrorCode, answer.message))
    } else pending?.resolve(answer)
  }

  /** Nothing more is answered to a task that has ended. */
  end(task: RunningTask): void {
    if (this.#pending.size === 0) return
    for (const [request, pending] of [...this.#pending]) {
      if (pending.task !== task) continue
      this.#take(request)
      pending.reject(new P2pJobsError('LOST', TOO_LATE))
    }
  }

  #take(request: number): Pending | undefined {
    const pending = this.#pending.get(request)
    if (pending === undefined) return undefined
    this.#pending.delete(request)
    this.#bytes -= pending.bytes
    return pending
  }

  /** A task is a client of its own, which does not know what others have attached to. */
  #attach(task: RunningTask, object: ObjectCalls): void {
    let attached = this.#attached.get(task)
    if (attached === undefined) {
      attached = new Set()
      this.#attached.set(task, attached)
    }
    if (attached.has(object)) return
    attached.add(object)
    if (object.lock !== undefined) this.#attach(task, object.lock)
    const { attachment, attaching } = object
    if (attachment !== undefined) this.#send(task, object.manager, attachment, attaching)
  }

  #send(
    task: RunningTask,
    manager: string,
    call: Call,
    { resolve, reject }: Pick<Pending, 'resolve' | 'reject'>
  ): number {
    const request = ++this.#requests
    const bytes = sizeOf(call)
    this.#pending.set(request, { task, bytes, resolve, reject })
    this.#bytes += bytes
    writeCall(this.#outbox, { seq: task.order.seq, request, manager, call })
    this.#flushSoon()
    return request
  }

  /** All that is called in one turn goes together. */
  #flushSoon(): void {
    if (this.#isFlushDue) return
    this.#isFlushDue = true
    queueMicrotask(() => {
      this.#isFlushDue = false
      this.#outbox.flush()
    })
  }
}

/** The calls of one object, by whatever task: attaching is put off until one of them uses it. */
class ObjectCalls implements Calls {
  readonly manager: string
  /** The lock of a condition. */
  readonly lock: ObjectCalls | undefined
  readonly connection: Caller
  /** Settled by what comes of attaching first. */
  readonly attaching = Promise.withResolvers<Answer>()
  attachment: Call | undefined
  readonly #handle: number

  constructor(calls: ManagerCalls, manager: string, handle: number, lock?: ObjectCalls) {
    this.manager = manager
    this.lock = lock
    this.#handle = handle
    this.connection = {
      call: (call) => {
        if (call.op !== 'attach') return calls.ask(this, call)
        this.attachment = call
        return { request: 0, answer: this.attaching.promise }
      },
      cancel: (request) => calls.cancel(request),
      tenure: UNTOLD
    }
  }

  nextHandle(): number {
    return this.#handle
  }
}

/** A process is not told when its node's session with the manager is lost: its next call is. */
const UNTOLD = new AbortController().signal

const NOT_NOW = ['USAGE', 'an object of a manager can be used while its task runs only'] as const
const TOO_LONG = ['LIMIT', 'too much for one call; give it in parts'] as const
const TOO_MANY = [
  'LIMIT',
  'more calls of one task wait for a manager than may; wait for some of them before making more'
] as const
const TOO_LATE =
  'the task has ended before this call was answered: whether it took effect is not known; wait for ' +
  'calls before the task ends'

function refused([code, message]: readonly [ErrorCode, string]): Asked {
  return { request: 0, answer: Promise.reject(new P2pJobsError(code, message)) }
}
