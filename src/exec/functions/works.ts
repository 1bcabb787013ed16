/** What specs come to for the executor: worked out once for each, not for each task. */
import { createHash } from 'node:crypto'
import type { FunctionRef, FunctionSpec } from '../../core/spec.ts'
import type { NodeId } from '../../core/types.ts'
import type { TaskStart } from '../executor.ts'
import { Pace } from './pace.ts'
import type { ExportedFunction, Work } from './run.ts'

/** Functions whose pace is remembered. */
const FUNCTIONS_MAX = 1_000

export class Works {
  readonly #bySpec = new WeakMap<FunctionSpec, { readonly master: NodeId; readonly work: Work }>()
  #functions = new Map<string, ExportedFunction>()

  of({ spec, master }: TaskStart<FunctionSpec>): Work {
    const known = this.#bySpec.get(spec)
    if (known?.master === master) return known.work
    const fn = this.#function(spec.function)
    const { initializer } = spec
    const work: Work = {
      spec,
      fn,
      initializer: initializer && this.#function(initializer),
      crewKey: crewKeyOf(master, spec),
      tasksPerChildMax: spec.isAlone ? 1 : spec.tasksPerChildMax,
      pace: new Pace(fn.pace.meanMs)
    }
    this.#bySpec.set(spec, { master, work })
    return work
  }

  #function({ bundle, exportName }: FunctionRef): ExportedFunction {
    const key = `${bundle.blob} ${exportName}`
    const known = this.#functions.get(key)
    if (known !== undefined) return known
    if (this.#functions.size >= FUNCTIONS_MAX) this.#functions = new Map()
    const fn = { bundle: bundle.blob, exportName, pace: new Pace() }
    this.#functions.set(key, fn)
    return fn
  }
}

function crewKeyOf(master: NodeId, spec: FunctionSpec): string {
  const { initializer, isAlone, tasksPerChildMax, memoryBytesMax } = spec
  const first =
    initializer === undefined
      ? ''
      : createHash('sha256')
          .update(`${initializer.bundle.blob} ${initializer.exportName} `)
          .update(initializer.input)
          .digest('hex')
  return [master, first, isAlone, tasksPerChildMax, memoryBytesMax].join(' ')
}
