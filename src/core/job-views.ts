/**
 * Jobs, tasks and workers as people look at them: what the journal has written down, and what the
 * machine knows of those that live.
 */
import type { JobCounts } from './job.ts'
import type { JobRecord, ResultRecord, SetbackRecord } from './job-records.ts'
import type { Result } from './result.ts'
import type { JobId, NodeId, Payload } from './types.ts'

const END_STATES = ['finished', 'failed', 'canceled', 'aborted'] as const
export const JOB_STATES = ['waiting', 'running', ...END_STATES] as const
export type JobState = (typeof JOB_STATES)[number]

export interface JobView extends JobRecord {
  readonly state: JobState
}

/** Of a task; `leased` is `waiting` for people: it does not run yet. */
export const TASK_VIEW_STATES = [...JOB_STATES, 'retrying'] as const
export type TaskViewState = (typeof TASK_VIEW_STATES)[number]

/** A task; of its output only the size. */
export interface TaskView {
  readonly task: number
  readonly state: TaskViewState
  readonly input: Payload
  /** The last attempt; 0: it was never leased. */
  readonly attempt: number
  /** Who has it, or had it last. */
  readonly worker: NodeId | undefined
  /** What that worker calls itself; empty where that is not known. */
  readonly name: string
  readonly result: ResultSummary | undefined
  /** The older one of two attempts that are under way. */
  readonly older?: OlderAttempt
}

export interface OlderAttempt {
  readonly attempt: number
  readonly worker: NodeId
  readonly name: string
}

export interface ResultSummary extends Pick<
  Result,
  'outcome' | 'reason' | 'exitCode' | 'signal' | 'startedAt' | 'runtimeMs'
> {
  readonly stdoutBytes: number
  readonly stderrBytes: number
  readonly endedAt: number
}

/** A result with what is asked for along with it. */
export interface ResultView extends ResultRecord {
  readonly name: string
  /** Undefined: not asked for, or too long to stand here. */
  readonly input: Uint8Array | undefined
}

export interface SetbackView extends SetbackRecord {
  readonly name: string
}

/** A worker that this master knows now. */
export interface WorkerSummary {
  readonly worker: NodeId
  readonly name: string
  readonly slots: number
  /** Tasks it has, running or not. */
  readonly held: number
  /** There is a session with it. */
  readonly isConnected: boolean
  /** It gets nothing more, because somebody said so. */
  readonly isDraining: boolean
}

/** What has become of a job that somebody wanted to do something with. */
export const CHANGES = ['canceled', 'retried', 'forgotten', 'has ended', 'has not ended'] as const
export type Change = (typeof CHANGES)[number]

export interface JobChange {
  readonly job: JobId
  readonly change: Change
  /** Of one that was retried: the new job. */
  readonly newJob: JobId | undefined
  /** How many tasks it was about. */
  readonly tasks: number
}

/** The state of a whole job. */
export function jobStateOf(job: Pick<JobRecord, 'counts' | 'isOpen' | 'endedAt'>): JobState {
  const { counts } = job
  if (job.endedAt === undefined && (job.isOpen || openTasks(counts) > 0)) {
    return counts.running > 0 ? 'running' : 'waiting'
  }
  if (counts.canceled > 0) return 'canceled'
  // What failed is the cause, and what was aborted after it the consequence.
  if (counts.failed > 0) return 'failed'
  return counts.aborted > 0 ? 'aborted' : 'finished'
}

function openTasks({ waiting, leased, running, retrying }: Readonly<JobCounts>): number {
  return waiting + leased + running + retrying
}

/** Tasks that have ended, in whichever way. */
export function endedTasks(counts: Readonly<JobCounts>): number {
  return counts.finished + counts.failed + counts.canceled + counts.aborted
}

/** Tasks that have ended without success. */
export function unsuccessfulTasks(counts: Readonly<JobCounts>): number {
  return counts.failed + counts.canceled + counts.aborted
}
