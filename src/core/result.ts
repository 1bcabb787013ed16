/**
 * How an attempt ended, as its worker reports it.
 */
import { isBlobRef } from './types.ts'
import type { Millis, Payload } from './types.ts'

/**
 * - `success`, `failure`: the task ran and this is its result (exit status 0, or not);
 * - `timeout`: it ran longer than its spec allows and was ended;
 * - `crash`: the process that ran it died under it;
 * - `refused`: the worker could not start it, which says nothing about the task;
 * - `returned`: the worker gives it back unstarted, or ended it for a reason of its own.
 */
export const OUTCOMES = ['success', 'failure', 'timeout', 'crash', 'refused', 'returned'] as const
export type Outcome = (typeof OUTCOMES)[number]

export interface Result {
  readonly outcome: Outcome
  /** Why, in one line for people; empty for a success. */
  readonly reason: string
  /** The exit status of a process that ended by itself. */
  readonly exitCode: number | undefined
  /** The signal that ended the process, as `SIGKILL`. */
  readonly signal: string | undefined
  readonly stdout: Payload
  readonly stderr: Payload
  /** What the calls of a function returned or threw, encoded; empty for a command. */
  readonly value: Payload
  /** Wall clock of the worker, milliseconds since 1970: for display only. */
  readonly startedAt: number
  readonly runtimeMs: Millis
}

const NOTHING = new Uint8Array(0)

/** A result of an attempt that produced nothing. */
export function emptyResult(outcome: Outcome, reason: string): Result {
  return {
    outcome,
    reason,
    exitCode: undefined,
    signal: undefined,
    stdout: NOTHING,
    stderr: NOTHING,
    value: NOTHING,
    startedAt: 0,
    runtimeMs: 0
  }
}

/** The bytes that a result takes in memory; what is in blobs is on disk. */
export function inlineBytesOf({ stdout, stderr, value }: Result): number {
  return inlineBytes(stdout) + inlineBytes(stderr) + inlineBytes(value)
}

/** The bytes that a payload takes in memory. */
export function inlineBytes(payload: Payload): number {
  return isBlobRef(payload) ? 0 : payload.length
}

/** Everything of a result that may have to be fetched. */
export function payloadsOf({ stdout, stderr, value }: Result): readonly Payload[] {
  return [stdout, stderr, value]
}
