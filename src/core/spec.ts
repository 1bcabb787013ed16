/**
 * What a job runs, as data: everything its tasks share. It is sent to a worker once per session
 * and then named by the job's id.
 */
import type { Amounts } from './abilities.ts'
import type { BlobRef, Millis } from './types.ts'

/** What every kind of spec has. */
interface SpecLimits {
  /** The longest a task may run once it has started; undefined: as long as it takes. */
  readonly timeoutMs: Millis | undefined
  /** The most bytes of stdout and stderr together before the task fails. */
  readonly outputBytesMax: number
  /** The most tasks of the job that one worker runs at a time; undefined: all its slots. */
  readonly slotsMax: number | undefined
  /**
   * What one task takes of its worker while it runs, by the resource's name: `cpus` (slots; left
   * out: 1), `memory` (bytes), or what workers declare of their own.
   */
  readonly amounts?: Amounts
}

/** A command line for `/bin/sh`. */
export interface ShellSpec extends SpecLimits {
  readonly kind: 'shell'
  /**
   * The command with `{}` where the task's argument goes, quoted; without `{}` the argument is
   * appended. Empty: the task's input is the whole command line, as it stands.
   */
  readonly command: string
  /** The submitter's working directory; a worker without it uses an empty folder of its own. */
  readonly directory: string
  /** Added to the task's environment, name by name. */
  readonly environment: Readonly<Record<string, string>>
}

/** An exported function of a bundle: one file of JavaScript, fetched once by each worker. */
export interface FunctionRef {
  readonly bundle: BlobRef
  readonly exportName: string
}

/** A function, called for each list of arguments in a task's input. */
export interface FunctionSpec extends SpecLimits {
  readonly kind: 'function'
  readonly function: FunctionRef
  /** Called once in each process before its first task, with these arguments (encoded). */
  readonly initializer: (FunctionRef & { readonly input: Uint8Array }) | undefined
  /** How many tasks one process runs before a new one takes its place; undefined: a worker's choice. */
  readonly tasksPerChildMax: number | undefined
  /** Each task has a process of its own, and says the id of that process first of all (progress). */
  readonly isAlone: boolean
  /** The memory that one process may use; more ends it. */
  readonly memoryBytesMax: number | undefined
}

export type Spec = ShellSpec | FunctionSpec

/** The bundles that have to be at hand before a task of the spec can start. */
export function bundlesOf(spec: Spec): BlobRef[] {
  if (spec.kind === 'shell') return []
  const { initializer } = spec
  return initializer === undefined
    ? [spec.function.bundle]
    : [spec.function.bundle, initializer.bundle]
}
