/**
 * What all objects of a manager have in common where they are used: a name, and calls.
 */
import { P2pJobsError } from '../core/errors.ts'
import { CALL_VALUES_MAX, ITEM_BYTES_MAX, SNAPSHOT_BYTES_MAX } from '../core/limits.ts'
import { KINDS } from '../core/manager/calls.ts'
import type { Answer, Arg, Call, Kind, Op } from '../core/manager/calls.ts'
import { decodeValue } from '../values/decode.ts'
import { encodeValue } from '../values/encode.ts'
import { refer } from '../values/references.ts'
import { errorOf, wordFor } from './errors.ts'
import { checkObjectName, waitOptionsOf } from './options.ts'
import type { WaitOptions } from './options.ts'

/** A call that was made; `request` is what `cancel` names. */
export interface Asked {
  readonly request: number
  readonly answer: Promise<Answer>
}

/** What carries calls to a manager. */
export interface Caller {
  /** Calls an object. */
  call(call: Call): Asked
  /** Asks the manager to end a wait; its answer says what came of it. */
  cancel(request: number): void
  /** Aborted when what is held now is lost, or may be. */
  readonly tenure: AbortSignal
}

/** A manager as its objects need it. */
export interface Calls {
  /** The manager's name. */
  readonly manager: string
  readonly connection: Caller
  /** A number for a further object. */
  nextHandle(): number
}

export interface Asking {
  /** What its caller said of waiting: anything. */
  readonly wait?: WaitOptions | undefined
  readonly args?: readonly Arg[]
  readonly values?: readonly Uint8Array[]
}

const NONE: readonly never[] = []

export abstract class Shared {
  /** What it is called at its manager. */
  readonly name: string
  /** By which its manager knows who calls it. */
  protected readonly handle: number
  readonly #calls: Calls
  readonly #kind: Kind
  #problem: P2pJobsError | undefined
  #isDeleted = false

  /**
   * Attaches to the object of this name, which is made if there is none: with `option` and `values`,
   * which `options` says in the words of a reference.
   */
  protected constructor(
    calls: Calls,
    kind: Kind,
    name: string,
    option?: Arg,
    values: readonly Uint8Array[] = NONE,
    options: unknown = option
  ) {
    checkObjectName(name)
    this.#calls = calls
    this.#kind = kind
    this.name = name
    this.handle = calls.nextHandle()
    refer(this, { manager: calls.manager, kind, name, options })
    const args: Arg[] = [KINDS.indexOf(kind), name]
    if (option !== undefined) args.push(option)
    const { answer } = this.#call('attach', args, values)
    answer.then(
      (given) => {
        if (given.status === 'ok') return
        this.#problem = errorOf(given, { kind, name, op: 'attach' })
      },
      // Every call that follows fails for the same reason.
      () => undefined
    )
  }

  /** It stands for nothing: it was deleted, or could not be had. What has its name may be another. */
  get isOver(): boolean {
    return this.#isDeleted || this.#problem !== undefined
  }

  /** It is of the same client of the same manager as what else makes these calls. */
  isOf(calls: Calls): boolean {
    return this.#calls === calls
  }

  /** What came of a call, if it came to something. Throws what its status says. */
  protected async ask(op: Op, asking: Asking = {}): Promise<Answer> {
    return this.checked(await this.askFor(op, asking), op, asking.wait)
  }

  /** An answer that is `ok`. Throws what any other says. */
  protected checked(answer: Answer, op: Op, wait?: WaitOptions): Answer {
    if (answer.status === 'ok') return answer
    if (answer.status === 'canceled') wait?.signal?.throwIfAborted()
    throw errorOf(answer, { kind: this.#kind, name: this.name, op })
  }

  /** The error for what it does not have. */
  protected lacks(what: string): P2pJobsError {
    return new P2pJobsError('NOT_FOUND', `the ${wordFor(this.#kind)} '${this.name}' has ${what}`)
  }

  /** The same for those who look at the status themselves. */
  protected async askFor(op: Op, asking: Asking = {}): Promise<Answer> {
    return this.#ofGood(await this.#answer(op, asking))
  }

  /** Throws what is wrong with the object itself. */
  #ofGood(answer: Answer): Answer {
    if (this.#problem !== undefined) throw this.#problem
    if (answer.status === 'deleted') this.#isDeleted = true
    return answer
  }

  /** Not async, as each call can do with a promise less. May throw at once. */
  #answer(op: Op, { wait, args, values }: Asking): Promise<Answer> {
    const { timeoutMs, signal } = waitOptionsOf(wait)
    signal?.throwIfAborted()
    const { request, answer } = this.#call(op, args, values, timeoutMs)
    return signal === undefined ? answer : this.#until(signal, request, answer)
  }

  /** Aborted when what this program holds now is lost, or may be. */
  protected get tenure(): AbortSignal {
    return this.#calls.connection.tenure
  }

  #call(
    op: Op,
    args: readonly Arg[] = NONE,
    values: readonly Uint8Array[] = NONE,
    timeoutMs?: number
  ): Asked {
    checkValues(values)
    return this.#calls.connection.call({ handle: this.handle, op, timeoutMs, args, values })
  }

  /** The manager has the last word: what it has handed out already is not lost. */
  async #until(signal: AbortSignal, request: number, answer: Promise<Answer>): Promise<Answer> {
    const onAbort = (): void => this.#calls.connection.cancel(request)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await answer
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }
}

/** The bytes of a value. Throws BAD_VALUE for one that cannot be sent, LIMIT for one too large. */
export function bytesOf(value: unknown, what: string): Uint8Array {
  const bytes = encodeValue(value, what)
  if (bytes.length <= ITEM_BYTES_MAX) return bytes
  const mib = ITEM_BYTES_MAX / (1024 * 1024)
  throw new P2pJobsError('LIMIT', `${what} takes ${bytes.length} bytes; ${mib} MiB are the most`)
}

/** Throws LIMIT for more than a manager takes in one call: it would end the session. */
function checkValues(values: readonly Uint8Array[]): void {
  let bytes = 0
  for (const { length } of values) bytes += length
  if (values.length <= CALL_VALUES_MAX && bytes <= SNAPSHOT_BYTES_MAX) return
  const mib = SNAPSHOT_BYTES_MAX / (1024 * 1024)
  throw new P2pJobsError(
    'LIMIT',
    `${values.length} values of ${bytes} bytes are too much for one call, which takes ` +
      `${CALL_VALUES_MAX} values and ${mib} MiB at most; give them in parts`
  )
}

/** The value of an answer that has one. */
export function valueOf({ values }: Answer): unknown {
  const [bytes] = values
  if (bytes !== undefined) return decodeValue(bytes)
  throw new P2pJobsError('BAD_MESSAGE', 'a manager gave an answer without its value')
}

export function valuesOf({ values }: Answer): unknown[] {
  return values.map((bytes) => decodeValue(bytes))
}
