/**
 * Makes of a function what can be sent: one file of JavaScript, named by its SHA-256, and the
 * name of the export to call.
 *
 * A module is bundled once and kept; it is bundled again when one of its files has changed.
 * Bundles made before stay as they are, so that a retry runs what was submitted.
 */
import { basename } from 'node:path'
import type { BlobId, Millis } from '../core/types.ts'
import { buildModule, buildOfText } from './build.ts'
import type { Build } from './build.ts'
import { refuseMissing } from './exports.ts'
import { Inputs } from './inputs.ts'
import { KeptBuilds } from './kept-builds.ts'
import { refusal } from './refusal.ts'
import { fileOf, pathOf } from './source.ts'
import { taskMarkOf } from './task.ts'
import type { ExportSource, FunctionSource, TaskMark } from './task.ts'

/** Any function at all. */
export type AnyFunction = (...args: never[]) => unknown

/** A function as it is sent; never changes. */
export interface Bundle {
  /** The SHA-256 of `bytes`. */
  readonly blob: BlobId
  /** An ES module that imports nothing but what Node has built in. */
  readonly bytes: Uint8Array
  readonly exportName: string
  /** What people call the function. */
  readonly name: string
  /** What may go wrong on a worker although the bundle was made, a line each. */
  readonly warnings: readonly string[]
}

export interface BundlerInit {
  /** The monotonic clock. */
  readonly now?: () => Millis
}

export class Bundler {
  readonly #kept = new KeptBuilds()
  readonly #building = new Map<string, Promise<Build>>()
  readonly #now: () => Millis

  constructor({ now = () => performance.now() }: BundlerInit = {}) {
    this.#now = now
  }

  /** The bundle of a function; rejects with BAD_FUNCTION, what is wrong and the cure. */
  async bundle(source: FunctionSource<AnyFunction>): Promise<Bundle> {
    if (typeof source !== 'function') return await this.#ofModule(markOfExport(source))
    const mark = taskMarkOf(source)
    return mark === undefined ? await this.#ofText(source) : await this.#ofModule(mark)
  }

  async #ofModule(mark: TaskMark): Promise<Bundle> {
    const { export: exportName } = mark
    const path = pathOf(mark)
    const build = this.#kept.get(path, this.#now()) ?? (await this.#build(path, fileOf(mark)))
    refuseMissing(exportName, path, build)
    const { blob, bytes, warnings } = build
    const name = exportName === 'default' ? basename(path) : exportName
    return { blob, bytes, exportName, name, warnings }
  }

  /** Calls for the same module share one build. */
  async #build(path: string, file: string): Promise<Build> {
    const shared = this.#building.get(path)
    if (shared !== undefined) return await shared
    const building = this.#buildNow(path, file).finally(() => this.#building.delete(path))
    this.#building.set(path, building)
    return await building
  }

  async #buildNow(path: string, file: string): Promise<Build> {
    const readAt = Date.now()
    const build = await buildModule(file)
    // The path itself is looked at, too: it may be a link that comes to mean another file.
    this.#kept.set(path, build, new Inputs([path, ...build.files], readAt, this.#now()))
    return build
  }

  async #ofText(fn: AnyFunction): Promise<Bundle> {
    const key = `text:${Function.prototype.toString.call(fn)}`
    const build = this.#kept.get(key, this.#now()) ?? (await this.#buildText(key, fn))
    const { blob, bytes, warnings } = build
    return { blob, bytes, exportName: 'default', name: fn.name || 'anonymous', warnings }
  }

  async #buildText(key: string, fn: AnyFunction): Promise<Build> {
    // Loaded when first needed: most functions live in modules.
    const { inlineModule } = await import('./inline.ts')
    const build = buildOfText(inlineModule(fn))
    this.#kept.set(key, build, new Inputs([], 0, 0))
    return build
  }
}

/** Functions that `task` did not mark are named by hand, perhaps in plain JavaScript. */
function markOfExport(source: unknown): TaskMark {
  const { module, export: name } = (source ?? {}) as Partial<ExportSource>
  if ((typeof module === 'string' || module instanceof URL) && typeof name === 'string') {
    return { module: String(module), export: name, isEntry: false }
  }
  const given = source === null ? 'null' : typeof source
  throw refusal(
    `a value of type ${given}`,
    'it is neither a function nor { module, export }: give one of the two'
  )
}
