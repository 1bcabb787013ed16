/**
 * Objects of one's own: made by a factory in the manager's program, whose methods all others call.
 */
import { P2pJobsError } from '../core/errors.ts'
import { SNAPSHOT_BYTES_MAX } from '../core/limits.ts'
import type { Invoked } from '../node/manager-role.ts'
import type { AnyMethod } from '../proxies/custom.ts'
import { decodeCalls, encodeOutcomes } from '../values/calls.ts'
import type { CallOutcome } from '../values/calls.ts'
import type { Factory } from './options.ts'

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
    const value = encodeOutcomes([outcome])
    if (value.length <= SNAPSHOT_BYTES_MAX) return { hasFailed: !outcome.ok, value }
    const error = tooLong(`${object}.${method}()`, value.length)
    return { hasFailed: true, value: encodeOutcomes([{ ok: false, error }]) }
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

function tooLong(what: string, bytes: number): P2pJobsError {
  const mib = SNAPSHOT_BYTES_MAX / (1024 * 1024)
  const came = `what came of ${what} takes ${bytes} bytes`
  return new P2pJobsError('LIMIT', `${came}, and ${mib} MiB are the most; ask for it in parts`)
}

/** A public method of an object: one of its own or of its class, not of all objects. */
function methodOf(object: object, name: string): AnyMethod | undefined {
  if (name.startsWith('_') || name === 'constructor' || name in Object.prototype) return undefined
  const found: unknown = Reflect.get(object, name)
  return typeof found === 'function' ? (found as AnyMethod) : undefined
}
