/**
 * What a pool and its calls can be told.
 */
import type { Isolation } from '../core/types.ts'
import type { FunctionSource } from './functions.ts'

/** Output of a task, as it was printed. */
export interface TaskOutput {
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  /** The name of the worker. */
  readonly worker: string
}

export interface PoolOptions {
  /**
   * Slots on this machine: how many tasks run here at a time. One per core by default, or those
   * of the home's own node where one runs; 0 is none. Other machines bring their own.
   */
  readonly processes?: number | undefined
  /** Called once in each process before its first task. */
  readonly initializer?: FunctionSource | undefined
  readonly initargs?: readonly unknown[] | undefined
  /** How many tasks one process runs before a new one takes its place. */
  readonly maxtasksperchild?: number | undefined
  /**
   * The name of a network this home belongs to. By default the pool uses the network `default`
   * if the home has its full token, and this machine alone otherwise.
   */
  readonly network?: string | undefined
  /** True: only this machine, no network. False: never this machine. By default, both. */
  readonly local?: boolean | undefined
  /** Multiaddrs of members, where multicast does not reach them. */
  readonly join?: readonly string[] | undefined
  /** Multiaddrs to listen on; a free port by default. */
  readonly listen?: readonly string[] | undefined
  /** Find others by multicast DNS; true by default. */
  readonly mdns?: boolean | undefined
  /** A full token, kept in the home for later; by default `P2PJOBS_TOKEN`, or what the home has. */
  readonly token?: string | undefined
  /** What this node is called; the host's name by default. */
  readonly name?: string | undefined
  /** What functions run in here: a sandbox where one works (`auto`), always one, or none. */
  readonly isolation?: Isolation | undefined
  /** Refuses to open where no sandbox works. */
  readonly requireSandbox?: boolean | undefined
  /** The memory that one process may use, in bytes, 96 MiB at least; more ends its task. */
  readonly memoryBytesMax?: number | undefined
  /**
   * Where what tasks print goes: `inherit` (the default) writes it to this program's own stdout
   * and stderr, whole at the end of each task.
   */
  readonly output?: 'inherit' | 'ignore' | ((output: TaskOutput) => void) | undefined
  /** Told what a person should know, in one line; written to stderr by default. */
  readonly onWarning?: ((line: string) => void) | undefined
}

/** What every call can be told. */
export interface CallOptions {
  /** Ends the call wherever it runs. */
  readonly signal?: AbortSignal | undefined
  /** The longest one task may run, in milliseconds; as long as it takes by default. */
  readonly timeoutMs?: number | undefined
  /** Further attempts of a task whose function threw or took too long; 0 by default. */
  readonly retries?: number | undefined
  /** Higher goes first; 0 by default. */
  readonly priority?: number | undefined
  /**
   * The function may run twice at once with the same arguments: a task that takes three times as
   * long as most is begun on a second machine, too, when nothing else waits, and the first result
   * counts. Off by default.
   */
  readonly hedge?: boolean | undefined
  /** The one worker that may run it, by its name or id; any by default. */
  readonly worker?: string | undefined
  /** Told what a running task says with `progress(value)`. */
  readonly onProgress?: ((value: unknown) => void) | undefined
}

export interface MapOptions extends CallOptions {
  /** How many items one task gets; `ceil(items / (4 * slots))` by default, 1 in `imap`. */
  readonly chunksize?: number | undefined
  /** Told how many items are done, of how many (undefined while that is not known). */
  readonly onDone?: ((done: number, total: number | undefined) => void) | undefined
}

/** Options, or the chunk size alone, as in Python. */
export type MapOptionsOrChunkSize = MapOptions | number

export function mapOptionsOf(options: MapOptionsOrChunkSize = {}): MapOptions {
  return typeof options === 'number' ? { chunksize: options } : options
}
