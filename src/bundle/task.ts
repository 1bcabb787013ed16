/**
 * What a module of tasks imports: `task` says where a function lives, so that its module can be
 * bundled and run elsewhere; `taskContext` is what a running task knows of itself.
 *
 * Both sides know the two symbols: whoever submits reads the mark, the process that runs tasks
 * fills the context.
 */
import { P2pJobsError } from '../core/errors.ts'

const MARK = Symbol.for('p2pjobs.task')
const CONTEXT = Symbol.for('p2pjobs.context')

/** Where a marked function lives. */
export interface TaskMark {
  /** The URL of its module. */
  readonly module: string
  /** The name it is exported under. */
  readonly export: string
  /** Its module is the one that the program was started with. */
  readonly isEntry: boolean
}

/** A function's module and name, for functions that are not marked by `task`. */
export interface ExportSource {
  /** A path (relative ones start at the working directory) or a `file:` URL. */
  readonly module: string | URL
  readonly export: string
}

/** A function to run elsewhere: marked by `task`, self-contained, or named by where it lives. */
export type FunctionSource<F> = F | ExportSource

/** What a task that runs knows of itself. */
export interface TaskContext {
  /** 1 for the first try. */
  readonly attempt: number
  /** Aborted when the task is canceled or its time is over. */
  readonly signal: AbortSignal
  readonly job: number
  readonly task: number
  /** Tells the submitter how far the task is, in whatever terms both agree on. */
  progress(value: unknown): void
}

/**
 * Marks a named function with where it lives; called here, it just runs.
 *
 *     export const square = task(import.meta, function square (x: number) { return x * x })
 */
export function task<F extends (...args: never[]) => unknown>(meta: ImportMeta, fn: F): F {
  if (typeof fn !== 'function' || fn.name === '') {
    throw new P2pJobsError(
      'BAD_FUNCTION',
      'task() needs a function with a name: write ' +
        'export const square = task(import.meta, function square (x) { ... })'
    )
  }
  const value: TaskMark = { module: meta.url, export: fn.name, isEntry: meta.main }
  return Object.defineProperty(fn, MARK, { value, configurable: true })
}

/** Where `fn` lives, if it was marked. */
export function taskMarkOf(fn: object): TaskMark | undefined {
  return (fn as { [MARK]?: TaskMark })[MARK]
}

/** The context of the task that is running. */
export function taskContext(): TaskContext {
  const context = (globalThis as { [CONTEXT]?: TaskContext })[CONTEXT]
  if (context !== undefined) return context
  throw new P2pJobsError(
    'BAD_FUNCTION',
    'taskContext() was called outside a task: call it within the function that runs as one'
  )
}
