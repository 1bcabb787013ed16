/**
 * Objects of a manager's own program: whatever methods they have, called from elsewhere.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import { decodeOutcomes, encodeCalls } from '../values/calls.ts'
import { refer } from '../values/references.ts'
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

/** The calls of an object of this name, by whatever methods it has. */
export function proxyOf<Type>(calls: Calls, name: string): Proxied<Type> {
  const custom = new Custom(calls, name)
  const methods = new Map<string, AnyMethod>()
  const proxy = new Proxy({} as Proxied<Type>, {
    get: (_, method) => {
      // Or it would be taken for a promise.
      if (typeof method !== 'string' || method === 'then') return undefined
      let call = methods.get(method)
      if (call === undefined) {
        call = async (...args: unknown[]) => await custom.invoke(method, args)
        methods.set(method, call)
      }
      return call
    }
  })
  refer(proxy, { manager: calls.manager, kind: 'custom', name, options: undefined })
  return proxy
}

class Custom extends Shared {
  constructor(calls: Calls, name: string) {
    super(calls, 'custom', name)
  }

  async invoke(method: string, args: readonly unknown[]): Promise<unknown> {
    const values = [argumentBytes(this.name, method, args)]
    const answer = await this.askFor('invoke', { args: [method], values })
    if (answer.status !== 'failed') this.checked(answer, {})
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
