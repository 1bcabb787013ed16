/**
 * Objects of a manager's own program: whatever methods they have, called from elsewhere.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import { decodeOutcomes, encodeCalls } from '../values/calls.ts'
import { refer } from '../values/references.ts'
import { isShortText } from './options.ts'
import { Shared } from './shared.ts'
import type { Calls } from './shared.ts'

/** An object as others see it: its methods, each with a promise. */
export type Proxied<Type> = {
  readonly [Name in keyof Type as Type[Name] extends AnyMethod ? Name : never]: Type[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only so it takes any parameters
export type AnyMethod = (...args: any[]) => unknown

/** An object of this name, with whatever methods it has. */
export class Custom extends Shared {
  /** Its methods, by their names. */
  readonly proxy: object
  readonly #methods = new Map<string, AnyMethod>()

  constructor(calls: Calls, name: string) {
    super(calls, 'custom', name)
    this.proxy = new Proxy(
      {},
      {
        // Or it would be taken for a promise.
        get: (_, method) =>
          typeof method === 'string' && method !== 'then' ? this.#methodOf(method) : undefined
      }
    )
    refer(this.proxy, { manager: calls.manager, kind: 'custom', name, options: undefined })
  }

  #methodOf(method: string): AnyMethod {
    let call = this.#methods.get(method)
    if (call === undefined) {
      call = async (...args: unknown[]) => await this.#invoke(method, args)
      this.#methods.set(method, call)
    }
    return call
  }

  async #invoke(method: string, args: readonly unknown[]): Promise<unknown> {
    if (!isShortText(method)) throw this.lacks(`no method ${shown(method)}`)
    const values = [argumentBytes(this.name, method, args)]
    const answer = await this.askFor('invoke', { args: [method], values })
    if (answer.status !== 'failed') this.checked(answer, 'invoke')
    const [bytes = new Uint8Array(0)] = answer.values
    const [outcome] = decodeOutcomes(bytes)
    if (outcome?.ok === true) return outcome.value
    // Whatever was thrown there is thrown here, be it an error or not.
    return await Promise.reject(outcome === undefined ? noOutcome() : (outcome.error as Error))
  }
}

function noOutcome(): P2pJobsError {
  return new P2pJobsError('BAD_MESSAGE', 'a manager gave an empty outcome')
}

function argumentBytes(name: string, method: string, args: readonly unknown[]): Uint8Array {
  try {
    return encodeCalls([args])
  } catch (cause) {
    const place = args.findIndex((arg) => typeof arg === 'function')
    if (place < 0) throw cause
    const what = `argument[${place}] of ${name}.${method}() is a function`
    throw new P2pJobsError(
      'BAD_VALUE',
      `${what}, which only this program could call: pass data, or a queue or event's name`,
      { cause: toError(cause) }
    )
  }
}
