/**
 * Objects of one's own: made by a factory in the manager's program, whose methods all others call.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { Invoked } from '../node/manager-role.ts'
import { decodeCalls, decodeOutcomes, encodeCalls, encodeOutcomes } from '../values/calls.ts'
import type { CallOutcome } from '../values/calls.ts'
import { Shared } from './shared.ts'
import type { Calls } from './shared.ts'

/** Makes the object; called once, when it is first used. */
export type Factory = () => object | Promise<object>

/** An object as others see it: its methods, each with a promise. */
export type Proxied<Type> = {
  readonly [Name in keyof Type as Type[Name] extends AnyMethod ? Name : never]: Type[Name] extends (
    ...args: infer Args
  ) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- only so it takes any parameters
type AnyMethod = (...args: any[]) => unknown

/** The objects of a manager's own program. */
export class Registry {
  readonly #made = new Map<string, Promise<object>>()
  readonly #factories = new Map<string, Factory>()

  /** Throws USAGE for a name that is taken. */
  add(name: string, factory: Factory): void {
    if (this.#factories.has(name)) {
      throw new P2pJobsError('USAGE', `an object '${name}' has been registered already`)
    }
    this.#factories.set(name, factory)
  }

  /** Calls a method. Never rejects. */
  async invoke(object: string, method: string, args: Uint8Array): Promise<Invoked> {
    let outcome: CallOutcome
    try {
      outcome = { ok: true, value: await this.#call(object, method, args) }
    } catch (error) {
      outcome = { ok: false, error }
    }
    return { hasFailed: !outcome.ok, value: encodeOutcomes([outcome]) }
  }

  async #call(name: string, method: string, args: Uint8Array): Promise<unknown> {
    const object = await this.#objectOf(name)
    const found = methodOf(object, method)
    if (found === undefined) {
      throw new P2pJobsError('NOT_FOUND', `the object '${name}' has no method '${method}'`)
    }
    const [list = []] = decodeCalls(args)
    return await Reflect.apply(found, object, list)
  }

  async #objectOf(name: string): Promise<object> {
    const factory = this.#factories.get(name)
    if (factory === undefined) {
      throw new P2pJobsError('NOT_FOUND', `no object '${name}' has been registered`)
    }
    let made = this.#made.get(name)
    if (made === undefined) {
      made = Promise.resolve().then(factory)
      this.#made.set(name, made)
      // What could not be made is tried again by the next call.
      made.catch(() => this.#made.delete(name))
    }
    return await made
  }
}

/** A public method of an object: one of its own or of its class, not of all objects. */
function methodOf(object: object, name: string): AnyMethod | undefined {
  if (name.startsWith('_') || name === 'constructor' || name in Object.prototype) return undefined
  const found: unknown = Reflect.get(object, name)
  return typeof found === 'function' ? (found as AnyMethod) : undefined
}

/** The calls of an object of this name, by whatever methods it has. */
export function proxyOf<Type>(calls: Calls, name: string): Proxied<Type> {
  const custom = new Custom(calls, name)
  const methods = new Map<string, AnyMethod>()
  return new Proxy({} as Proxied<Type>, {
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
