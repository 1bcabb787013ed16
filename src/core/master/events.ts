/**
 * What a master machine is told, and what it wants done.
 */
import type { WorkerMessage, MasterMessage } from '../messages.ts'
import type { Result } from '../result.ts'
import type { JobCounts, JobOptions } from '../job.ts'
import type { Spec } from '../spec.ts'
import type { EndState } from '../task.ts'
import type { AttemptRef, JobId, Millis, NodeId, Payload } from '../types.ts'
import type { JournalRecord, SavedEnd } from './journal.ts'

export type MasterEvent =
  /**
   * A user submits a job. `job` is the machine's `nextJob`, or higher. Inputs follow with `add`.
   * `ends`: how those jobs ended that it waits for, of those that have ended.
   */
  | {
      type: 'submit'
      job: JobId
      spec: Spec
      options: JobOptions
      ends?: readonly SavedEnd[]
    }
  | { type: 'add'; job: JobId; inputs: readonly Payload[] }
  /** No more inputs will come. */
  | { type: 'close'; job: JobId }
  /** A user ends a job: its tasks are canceled, wherever they are. */
  | { type: 'cancel'; job: JobId; reason: string }
  /** The same for some tasks of a job; the others go on. */
  | { type: 'cancel-tasks'; job: JobId; tasks: readonly number[]; reason: string }
  /** A message of a worker, on a session. `hold` opens a session and replaces an older one. */
  | { type: 'message'; worker: NodeId; session: number; message: WorkerMessage }
  /** The stream of a session has ended. */
  | { type: 'disconnected'; worker: NodeId; session: number }
  /** Lease nothing more, and say so to every worker. */
  | { type: 'drain' }
  /**
   * Lease nothing more to this worker, and let it end what it has; or lease to it again. It holds
   * while this process lives, also when the worker comes back.
   */
  | { type: 'drain-worker'; worker: NodeId; isDraining: boolean }
  /** All that was saved has been restored: leases continue from now. */
  | { type: 'recovered' }
  | { type: 'wake' }

export type MasterEffect =
  /** To be on disk before any later effect is performed. */
  | { type: 'journal'; record: JournalRecord }
  /** `patienceMs`: how long it may wait for others that it can leave with; 0: it is waited for. */
  | { type: 'send'; worker: NodeId; session: number; message: MasterMessage; patienceMs: Millis }
  /** End the session: the worker is to open a new one. */
  | { type: 'disconnect'; worker: NodeId; session: number; reason: string }
  /** The worker has left: end the session after what was sent, also if it does not. */
  | { type: 'close'; worker: NodeId; session: number }
  | { type: 'emit'; notice: MasterNotice }

/** What a user of the master can follow. */
export type MasterNotice =
  | { type: 'dispatched'; worker: NodeId; attempts: readonly AttemptRef[] }
  | { type: 'started'; worker: NodeId; attempts: readonly AttemptRef[] }
  /** What a running task says of itself, encoded. */
  | ({ type: 'progress'; worker: NodeId; value: Uint8Array } & AttemptRef)
  /** A task has ended. Exactly one of these comes for each task. */
  | ({ type: 'settled'; state: EndState; worker: NodeId | undefined; result: Result } & AttemptRef)
  /** An attempt came to nothing; the task gets another one after `delayMs`. */
  | ({ type: 'setback'; worker: NodeId; reason: string; delayMs: Millis } & AttemptRef)
  | { type: 'ended'; job: JobId; counts: Readonly<JobCounts> }
  | { type: 'joined'; worker: NodeId; name: string; slots: number }
  | { type: 'parted'; worker: NodeId; name: string; reason: string }
  /** A worker fails everything and is given nothing for a while. */
  | { type: 'resting'; worker: NodeId; name: string; restMs: Millis }
