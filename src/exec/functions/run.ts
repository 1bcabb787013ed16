/**
 * A task in the hands of the function executor, and what all tasks of its function share.
 */
import type { FunctionSpec } from '../../core/spec.ts'
import type { BlobId } from '../../core/types.ts'
import type { TaskStart } from '../executor.ts'
import type { StreamName } from './child-messages.ts'
import type { Child } from './child.ts'
import type { Pace } from './pace.ts'
import type { RunOutput } from './run-output.ts'

/** An exported function of a bundle. */
export interface ExportedFunction {
  readonly bundle: BlobId
  readonly exportName: string
  readonly pace: Pace
}

/** What the executor has to know of a spec. */
export interface Work {
  readonly spec: FunctionSpec
  readonly fn: ExportedFunction
  readonly initializer: ExportedFunction | undefined
  /** Children serve the tasks of one crew only: one master's, with the same initializer and limits. */
  readonly crewKey: string
  /** How many tasks a child runs before it is replaced. */
  readonly tasksPerChildMax: number | undefined
  readonly pace: Pace
}

export interface Run {
  readonly start: TaskStart<FunctionSpec>
  readonly work: Work
  /** Runs are begun in this order as far as there is room for them. */
  readonly order: number
  state: 'waiting' | 'sent' | 'ended'
  child: Child | undefined
  seq: number
  sentAt: number
  /** What was counted for it when it was sent. */
  expectedMs: number
  /** It could not begin at once. */
  hasWaited: boolean
  isToldBegun: boolean
  isStopping: boolean
  killTimer: NodeJS.Timeout | undefined
  /** Output that did not come with its end. */
  outputs: Map<StreamName, RunOutput> | undefined
}

/** A run that waits. */
export function runOf(start: TaskStart<FunctionSpec>, work: Work, order: number): Run {
  return {
    start,
    work,
    order,
    state: 'waiting',
    child: undefined,
    seq: 0,
    sentAt: 0,
    expectedMs: 0,
    hasWaited: false,
    isToldBegun: false,
    isStopping: false,
    killTimer: undefined,
    outputs: undefined
  }
}
