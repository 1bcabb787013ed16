/**
 * An exported function of a bundle, loaded when it is first called.
 */
import { pathToFileURL } from 'node:url'
import { toError } from '../../../core/errors.ts'
import type { FunctionPlace } from '../child-messages.ts'

export type Callable = (this: unknown, ...args: unknown[]) => unknown

const EXPORTS_NAMED_MAX = 20

export class BundledFunction {
  /** Undefined until it has been loaded. */
  callable: Callable | undefined
  readonly #place: FunctionPlace

  constructor(place: FunctionPlace) {
    this.#place = place
  }

  /** Rejects with what is to be told to the user: nothing in it is of this machine. */
  async load(): Promise<Callable> {
    const { path, exportName } = this.#place
    const module = await importBundle(path, exportName)
    const found = module[exportName]
    if (typeof found !== 'function') throw notThere(module, exportName)
    this.callable = found as Callable
    return this.callable
  }
}

async function importBundle(path: string, name: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    const what = toError(error)
    throw new Error(`the module of '${name}' cannot be loaded: ${what.name}: ${what.message}`, {
      cause: error
    })
  }
}

function notThere(module: Record<string, unknown>, name: string): TypeError {
  const names = Object.keys(module)
  if (names.includes(name)) {
    return new TypeError(`'${name}' is exported but no function: it is a ${typeof module[name]}`)
  }
  const shown = names.slice(0, EXPORTS_NAMED_MAX).join(', ')
  const more = names.length > EXPORTS_NAMED_MAX ? ', …' : ''
  const others = names.length === 0 ? 'it exports nothing' : `it exports ${shown}${more}`
  return new TypeError(`the module exports no '${name}': ${others}`)
}
