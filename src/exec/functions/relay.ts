/**
 * The objects of managers for the tasks of one child: it makes their calls, each task as a client of
 * its own, so that what a task holds ends with it and with nothing else.
 *
 * A child can send anything: calls are bounded in number and bytes, and only about tasks that it has.
 */
import { operatingErrorOf, toError } from '../../core/errors.ts'
import {
  ITEM_BYTES_MAX,
  TASK_CALLS_BYTES_MAX,
  TASK_CALLS_MAX,
  TASK_MANAGERS_MAX
} from '../../core/limits.ts'
import { sizeOf } from '../../core/manager/calls.ts'
import type { Answer, Call } from '../../core/manager/calls.ts'
import { payloadOf, readCall, readCallStart, readCancel } from './relay-messages.ts'
import type { CallError } from './relay-messages.ts'

/** One client of a manager. */
export interface ManagerClient {
  call(call: Call): { readonly request: number; readonly answer: Promise<Answer> }
  /** Ends a wait; its answer says what came of it. */
  cancel(request: number): void
  /** Gives back all that it holds, and ends. Never rejects. */
  leave(): Promise<void>
}

/** A new client of the manager of this name, wherever that is served. */
export type OpenManager = (manager: string) => ManagerClient

/** The longest payload of a call: an item, and more than enough beside it. */
const PAYLOAD_BYTES_MAX = 2 * ITEM_BYTES_MAX

interface Pending {
  readonly client: ManagerClient
  readonly number: number
}

interface TaskClients {
  readonly clients: Map<string, ManagerClient>
  readonly pending: Map<number, Pending>
}

export interface RelayEvents {
  onAnswer(request: number, answer: Answer): void
  onError(request: number, error: CallError): void
}

export class Relay {
  readonly #open: OpenManager | undefined
  readonly #events: RelayEvents
  readonly #tasks = new Map<number, TaskClients>()
  #parts: Buffer[] = []
  #partsBytes = 0
  #calls = 0
  #bytes = 0

  /** @param open undefined: this node cannot reach any manager */
  constructor(open: OpenManager | undefined, events: RelayEvents) {
    this.#open = open
    this.#events = events
  }

  /** A part of the payload of the next call. Throws for too many. */
  onPart(frame: Buffer): void {
    this.#partsBytes += frame.length
    if (frame.length < 2 || this.#partsBytes > PAYLOAD_BYTES_MAX)
      throw new RangeError('a long call')
    this.#parts.push(frame.subarray(1))
  }

  /** A call; `isThere` tells the tasks that the child has. Throws for what no child sends. */
  onCall(frame: Buffer, isThere: (seq: number) => boolean): void {
    const { seq, request, headBytes } = readCallStart(frame)
    // A copy: the call may wait for longer than what it came with should be kept.
    const payload = Buffer.concat([...this.#parts, payloadOf(frame)])
    this.#parts = []
    this.#partsBytes = 0
    const { manager, call } = readCall(payload, headBytes)
    if (!isThere(seq)) return
    const task = this.#taskOf(seq)
    const bytes = sizeOf(call)
    if (task.pending.has(request)) throw new RangeError('two calls of one number')
    if (this.#calls >= TASK_CALLS_MAX || this.#bytes + bytes > TASK_CALLS_BYTES_MAX) {
      throw new RangeError('more calls than may wait')
    }
    const client = this.#clientOf(task, manager)
    if (client === undefined) {
      this.#events.onError(request, this.#refusalOf(manager))
      return
    }
    void this.#carry(task, request, client, call, bytes)
  }

  onCancel(frame: Buffer): void {
    const { seq, request } = readCancel(frame)
    const pending = this.#tasks.get(seq)?.pending.get(request)
    pending?.client.cancel(pending.number)
  }

  /** A task has ended: what it holds is free, what it waits for is not. */
  end(seq: number): void {
    const task = this.#tasks.get(seq)
    if (task === undefined) return
    this.#tasks.delete(seq)
    task.pending.clear()
    for (const client of task.clients.values()) void client.leave()
  }

  endAll(): void {
    for (const seq of [...this.#tasks.keys()]) this.end(seq)
  }

  #taskOf(seq: number): TaskClients {
    let task = this.#tasks.get(seq)
    if (task === undefined) {
      task = { clients: new Map(), pending: new Map() }
      this.#tasks.set(seq, task)
    }
    return task
  }

  #clientOf({ clients }: TaskClients, manager: string): ManagerClient | undefined {
    const known = clients.get(manager)
    if (known !== undefined || clients.size >= TASK_MANAGERS_MAX) return known
    const opened = this.#open?.(manager)
    if (opened !== undefined) clients.set(manager, opened)
    return opened
  }

  #refusalOf(manager: string): CallError {
    if (this.#open !== undefined) {
      return { code: 'LIMIT', message: `a task uses ${TASK_MANAGERS_MAX} managers at most` }
    }
    const message = `the node that runs this task reaches no manager, and so not '${manager}'`
    return { code: 'NOT_SERVED', message }
  }

  /** Never rejects. */
  async #carry(
    task: TaskClients,
    request: number,
    client: ManagerClient,
    call: Call,
    bytes: number
  ): Promise<void> {
    this.#calls++
    this.#bytes += bytes
    const { request: number, answer } = client.call(call)
    task.pending.set(request, { client, number })
    let given: Answer | CallError
    try {
      given = await answer
    } catch (error) {
      const { message } = toError(error)
      given = { code: operatingErrorOf(error)?.code ?? 'FAULT', message }
    }
    this.#calls--
    this.#bytes -= bytes
    // A task that has ended hears nothing more.
    if (!task.pending.delete(request)) return
    if ('code' in given) this.#events.onError(request, given)
    else this.#events.onAnswer(request, given)
  }
}
