/**
 * What a worker machine is told, and what it wants done.
 */
import type { MasterMessage, OutputStream, Report, WorkerMessage } from '../messages.ts'
import type { Result } from '../result.ts'
import type { Spec } from '../spec.ts'
import type { AttemptRef, Millis, NodeId, Payload } from '../types.ts'

/** Whose results are kept on disk: what belongs to another epoch of the master is nobody's. */
export interface KeptFor {
  readonly master: NodeId
  readonly epoch: string
  /** How old they may become. */
  readonly keepMs: Millis
}

/** A result on disk, and how long it has been there. */
export interface KeptReport extends Report {
  readonly ageMs: Millis
}

export type WorkerEvent =
  /** An earlier run of this worker kept these on disk. Comes before anything else. */
  | ({ type: 'restored'; reports: readonly KeptReport[] } & KeptFor)
  /**
   * A stream to a master is open. `epoch` names the record its tasks live in: another epoch of the
   * same master knows nothing of the old tasks. `session` is higher than any before.
   */
  | { type: 'connected'; master: NodeId; epoch: string; session: number }
  | { type: 'disconnected'; master: NodeId; session: number }
  | { type: 'message'; master: NodeId; session: number; message: MasterMessage }
  /** The executor has begun with runs that had to wait for others. */
  | { type: 'started'; runs: readonly number[] }
  /** What a running task says of itself. */
  | { type: 'progress'; run: number; value: Uint8Array }
  /** A running task has printed more than its executor was last asked for. */
  | { type: 'printed'; run: number; stream: OutputStream }
  /** What was there to read; undefined: the run has ended, or it cannot be read. */
  | { type: 'read'; read: number; bytes: Uint8Array | undefined }
  /** The executor has ended these runs. */
  | { type: 'ended'; ends: readonly { run: number; result: Result }[] }
  /** Take nothing new and leave when what runs has ended; `now: true` ends that too. */
  | { type: 'drain'; now: boolean }
  /** Take nothing new for this reason, and give back what has not begun; undefined: go on. */
  | { type: 'pause'; reason: string | undefined }
  | { type: 'wake' }

/** At most so many bytes of a stream of a run, from an offset on. */
export interface ReadOrder {
  readonly read: number
  readonly run: number
  readonly stream: OutputStream
  readonly offset: number
  readonly bytesMax: number
}

export type WorkerEffect =
  /** `patienceMs`: how long it may wait for others that it can leave with; 0: it is waited for. */
  | { type: 'send'; master: NodeId; session: number; message: WorkerMessage; patienceMs: Millis }
  /** End the session and open a new one. */
  | { type: 'disconnect'; master: NodeId; session: number; reason: string }
  | ({ type: 'start'; run: number; master: NodeId; spec: Spec; input: Payload } & AttemptRef)
  | { type: 'stop'; run: number }
  /** Give it back if it has not begun: another machine may be free. */
  | { type: 'recall'; run: number }
  /** Read what a run has printed, and say so by `read`. */
  | ({ type: 'read'; master: NodeId; session: number } & ReadOrder)
  /** Write these to disk: they are to outlive this process. */
  | ({ type: 'keep'; reports: readonly Report[] } & KeptFor)
  /** Nobody needs this result any more: what it keeps on disk can go. */
  | ({ type: 'release'; master: NodeId; result: Result } & AttemptRef)
  /** The drain is complete and every master was told. */
  | { type: 'drained' }
