/**
 * What is said on a node's control socket: a client asks, the node answers with items and then
 * `done` or `error`. One request of a connection is answered at a time.
 */
import type { ErrorCode } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import type {
  JobChange,
  JobView,
  ResultView,
  SetbackView,
  TaskView,
  WorkerSummary
} from '../core/job-views.ts'
import type { MasterNotice } from '../core/master/events.ts'
import type { Range, Selection } from '../core/selection.ts'
import type { Spec } from '../core/spec.ts'
import type { EndState } from '../core/task.ts'
import type { JobId } from '../core/types.ts'

/** The versions of this protocol that this program speaks, the oldest and the newest. */
export const CONTROL_OLDEST = 1
export const CONTROL_NEWEST = 1

export interface Versions {
  readonly oldest: number
  readonly newest: number
  /** The version of the program, for people. */
  readonly program: string
}

export const STREAMS = ['stdout', 'stderr'] as const
export const PARTS = ['input', ...STREAMS, 'value'] as const
/** What can be read of a task. */
export type Part = (typeof PARTS)[number]

export type Request =
  /**
   * Answered by `fed` once the job is on disk. With `isWhole` that is all; otherwise `inputs` and
   * `close` follow. A client that vanishes before `close` cancels the job.
   */
  | {
      type: 'submit'
      spec: Spec
      options: JobOptions
      inputs: readonly Uint8Array[]
      isWhole: boolean
    }
  /** Goes on feeding a job whose submitter, or whose master, was cut off; answered like `submit`. */
  | { type: 'feed'; job: JobId }
  /** Each answered by `job`, in the order of their numbers. */
  | { type: 'jobs'; selection: Selection }
  /** By `task`, from number `from` on; only those that ended in one of `states`, unless it is empty. */
  | { type: 'tasks'; job: JobId; from: number; limit: number; states: readonly EndState[] }
  /** By `setback`, the oldest first. */
  | { type: 'setbacks'; job: JobId; task: number | undefined; limit: number }
  /**
   * By `result` in the order in which they were recorded, behind `place`. A follower gets those to
   * come, too, and at the end of the job a `job`; with notices also `notice` for what happens in
   * between, of which some are left out for a client that is slow.
   */
  | {
      type: 'results'
      job: JobId
      place: number
      isFollowing: boolean
      hasInputs: boolean
      hasNotices: boolean
    }
  /** By `chunk`, from `offset` on. */
  | { type: 'bytes'; job: JobId; task: number; part: Part; offset: number }
  /** By `piece` as it is printed, and `over`; `attempt` is the one in whose output `offset` is. */
  | {
      type: 'live'
      job: JobId
      task: number
      stream: (typeof STREAMS)[number]
      offset: number
      attempt: number | undefined
    }
  /** By a `change` for each job; `tasks`: only those of one job. */
  | { type: 'cancel'; selection: Selection; tasks: readonly Range[] | undefined; reason: string }
  | { type: 'retry'; selection: Selection; isFailedOnly: boolean }
  | { type: 'forget'; selection: Selection }
  /** Of one worker by its name or id, or of the whole master, which cannot be undone. */
  | { type: 'drain'; worker: string | undefined; isDraining: boolean }
  /** By `reason`, one or several. */
  | { type: 'explain'; job: JobId; task: number | undefined }
  /** By `job` for each one when it has ended. */
  | { type: 'wait'; selection: Selection }
  /** By `worker` for each one this master knows. */
  | { type: 'workers' }

/** What follows a `submit` or `feed`. Those of a request that has been answered are ignored. */
export type Continuation =
  /** Answered by `fed` once they are on disk. */
  { type: 'inputs'; inputs: readonly Uint8Array[] } | { type: 'close' }

export type ClientMessage = Request | Continuation

/** Why there is nothing more to follow of a running task. */
export const OVER_REASONS = ['not running', 'ended', 'gone', 'no answer'] as const
export type OverReason = (typeof OVER_REASONS)[number]

export type Item =
  /** What of a job is on disk, and how many of its tasks wait for a worker. */
  | { type: 'fed'; job: JobId; tasks: number; waiting: number }
  | { type: 'job'; job: JobView }
  | { type: 'task'; task: TaskView }
  | { type: 'setback'; setback: SetbackView }
  | { type: 'result'; result: ResultView }
  | { type: 'notice'; notice: ToldNotice }
  | { type: 'chunk'; bytes: Uint8Array }
  | { type: 'piece'; attempt: number; offset: number; bytes: Uint8Array }
  | { type: 'over'; why: OverReason; attempt: number | undefined; offset: number }
  | { type: 'change'; change: JobChange }
  | { type: 'worker'; worker: WorkerSummary }
  | { type: 'reason'; reason: Explanation }

/** One reason why something does not run, or how it does. */
export interface Explanation {
  /** For programs, as `no-worker`. */
  readonly code: string
  /** For people, in one line. */
  readonly text: string
}

/** The notices that a follower is told. */
export type ToldNotice = Extract<
  MasterNotice,
  { type: 'dispatched' | 'started' | 'setback' | 'joined' | 'parted' | 'resting' }
>

export type NodeMessage =
  Item | { type: 'done' } | { type: 'error'; code: ErrorCode; message: string }
