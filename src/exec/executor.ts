/**
 * The port through which a node runs tasks.
 *
 * An executor only does: which task runs when, for how long and what its end means is decided by
 * the worker machine. `shell-executor.ts` is the implementation for command lines,
 * `functions/function-executor.ts` the one for functions; a node has both.
 */
import { unlink } from 'node:fs/promises'
import type { OutputStream } from '../core/messages.ts'
import type { Result } from '../core/result.ts'
import type { Spec } from '../core/spec.ts'
import type { BlobId, JobId, NodeId } from '../core/types.ts'

export { createExecutor } from './create-executor.ts'
export type { ExecutorInit } from './create-executor.ts'
export { createShellExecutor } from './shell-executor.ts'
export type { ShellExecutorInit } from './shell-executor.ts'

/** One attempt to run; `run` is the caller's number for it and is never used twice. */
export interface TaskStart<AnySpec extends Spec = Spec> {
  readonly run: number
  /** Whose task it is: tasks of two masters never share a process. */
  readonly master: NodeId
  readonly job: JobId
  readonly task: number
  readonly attempt: number
  readonly spec: AnySpec
  readonly input: Uint8Array
  /** The files of the spec's bundles; none for a command. They stay while the task is here. */
  readonly bundles: ReadonlyMap<BlobId, string>
}

/** Output above INLINE_BYTES_MAX: a file that the receiver owns, and renames or removes. */
export interface SpoolFile {
  readonly path: string
  readonly bytes: number
  readonly blob: BlobId
}

/** Output above INLINE_BYTES_MAX that is in memory: that counts as taken until it is let go. */
export interface HeldOutput {
  readonly held: Uint8Array
  readonly blob: BlobId
  letGo(): void
}

export type Output = Uint8Array | HeldOutput | SpoolFile

/** True for output that fits into a message. */
export function isInline(output: Output): output is Uint8Array {
  return output instanceof Uint8Array
}

/** True for output that is kept in a file. */
export function isSpoolFile(output: Output): output is SpoolFile {
  return 'path' in output
}

/** Nobody wants the output. */
export async function discardOutput(output: Output): Promise<void> {
  if (isSpoolFile(output)) await unlink(output.path)
  else if (!isInline(output)) output.letGo()
}

/** A part of what a task prints; at the end there may be less of it. */
export interface OutputRange {
  readonly stream: OutputStream
  readonly offset: number
  readonly bytesMax: number
}

/** How an attempt ended, its output not yet turned into payloads. */
export type RunResult = Omit<Result, 'stdout' | 'stderr' | 'value'> & {
  readonly stdout: Output
  readonly stderr: Output
  readonly value: Output
}

export interface RunEnd {
  readonly run: number
  readonly result: RunResult
}

/** It does not keep its process alive: whoever owns it does. */
export interface Executor<AnySpec extends Spec = Spec> {
  /** Starts tasks; more than `slots` at once wait for a free one, in order. */
  start(tasks: readonly TaskStart<AnySpec>[]): void
  /**
   * Ends a task and everything it started: TERM, up to `graceMs`, KILL. Its end is reported like
   * any other. An unknown run is ignored: it may have ended meanwhile.
   */
  stop(run: number): void
  /**
   * What a task has printed so far. No bytes: there are none yet, and `onPrinted` tells once when
   * there are. Undefined: it has ended, or cannot be read.
   */
  read(run: number, range: OutputRange): Promise<Uint8Array | undefined>
  /** Gives back (`returned`) a task that has not begun; any other is left alone. */
  recall(run: number): void
  /**
   * Ends every task at once (KILL), reports those that ran as `returned`, and leaves no process
   * and no file but the SpoolFiles already handed over. Can be called again.
   */
  close(): Promise<void>
}

/** Never called from within a call of the executor. */
export interface ExecutorEvents {
  /** Tasks that had to wait have begun; not told of one that has ended by now. */
  onStarted(runs: readonly number[]): void
  onEnded(ends: readonly RunEnd[]): void
  /** What a running task says of itself, encoded; only the latest matters. */
  onProgress(run: number, value: Uint8Array): void
  /** There may be more to read of a stream than a `read` that got nothing was told. */
  onPrinted(run: number, stream: OutputStream): void
  /** Something a person should know, in one line. */
  onNotice(text: string): void
  /** The disk of its folder has no space for what a task needs or prints. Before the task's end. */
  onNoSpace(): void
}
