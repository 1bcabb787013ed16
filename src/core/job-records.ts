/**
 * What a journal keeps of jobs for people to look at, also after they have ended. Instants are
 * wall clock, milliseconds since 1970: for display only.
 */
import type { JobCounts, JobOptions } from './job.ts'
import type { Result } from './result.ts'
import type { Spec } from './spec.ts'
import type { EndState } from './task.ts'
import type { AttemptRef, JobId, NodeId, Payload } from './types.ts'

/** One job. Of one that lives, the machine knows `counts` better. */
export interface JobRecord {
  readonly job: JobId
  readonly spec: Spec
  readonly options: JobOptions
  readonly isOpen: boolean
  readonly tasks: number
  readonly counts: Readonly<JobCounts>
  readonly submittedAt: number
  /** Undefined: it has not ended. */
  readonly endedAt: number | undefined
}

/** The recorded result of a task. */
export interface ResultRecord extends AttemptRef {
  /** Rises with every result of the journal: where to go on reading. */
  readonly place: number
  readonly state: EndState
  readonly worker: NodeId | undefined
  readonly result: Result
  readonly endedAt: number
}

/** An attempt that came to nothing. */
export interface SetbackRecord extends AttemptRef {
  readonly worker: NodeId | undefined
  readonly reason: string
  readonly at: number
}

/** A task: its input, and what is written of it. */
export interface TaskRecord {
  readonly task: number
  readonly input: Payload
  /** The last lease; undefined: never leased, or ended. */
  readonly lease: { readonly attempt: number; readonly worker: NodeId | undefined } | undefined
  readonly result: ResultRecord | undefined
}
