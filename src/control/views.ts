/**
 * Jobs, tasks and workers as people look at them, as fields.
 */
import type { JobCounts } from '../core/job.ts'
import { CHANGES, JOB_STATES, TASK_VIEW_STATES } from '../core/job-views.ts'
import type {
  JobChange,
  JobView,
  OlderAttempt,
  ResultSummary,
  ResultView,
  SetbackView,
  TaskView,
  WorkerSummary
} from '../core/job-views.ts'
import {
  NAME_CHARACTERS_MAX,
  OUTPUT_BYTES_MAX,
  PEER_CHARACTERS_MAX,
  REASON_CHARACTERS_MAX,
  SLOTS_MAX,
  TASKS_MAX
} from '../core/limits.ts'
import { OUTCOMES } from '../core/result.ts'
import type { EndState } from '../core/task.ts'
import type { AttemptRef, NodeId } from '../core/types.ts'
import { readJob } from '../wire/attempts.ts'
import type { Fields } from '../wire/codec.ts'
import { optionsFields, readOptions } from '../wire/job-options.ts'
import { readSpec, specFields } from '../wire/master-messages.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import { PayloadReader, PayloadWriter } from '../wire/payload.ts'
import { readResult, resultFields } from '../wire/worker-messages.ts'

/** In the order in which they are sent. */
const COUNTED = [
  ...(['waiting', 'leased', 'running', 'retrying'] as const),
  ...(['finished', 'failed', 'canceled', 'aborted'] as const)
]
const END_STATES: readonly EndState[] = ['finished', 'failed', 'canceled', 'aborted']
const SIGNAL_CHARACTERS_MAX = 16

export function jobFields(view: JobView): Field[] {
  const { job, state, spec, options, isOpen, tasks, counts, submittedAt, endedAt } = view
  return [
    ...[job, JOB_STATES.indexOf(state), specFields(spec), optionsFields(options), isOpen, tasks],
    COUNTED.map((name) => counts[name]),
    ...[submittedAt, endedAt]
  ]
}

export function readJobView(fields: Fields): JobView {
  return {
    job: readJob(fields),
    state: fields.word(JOB_STATES),
    spec: readSpec(fields.list()),
    options: readOptions(fields.list()),
    isOpen: fields.boolean(),
    tasks: readCount(fields),
    counts: readCounts(fields.list()),
    submittedAt: fields.integer(),
    endedAt: fields.optional((field) => field.integer())
  }
}

function readCounts(fields: Fields): JobCounts {
  const counts = COUNTED.map((name) => [name, readCount(fields)] as const)
  return Object.fromEntries(counts) as JobCounts
}

export function taskFields(view: TaskView, writer: PayloadWriter): Field[] {
  const { task, state, input, attempt, worker, name, result, older } = view
  return [
    ...[task, TASK_VIEW_STATES.indexOf(state), writer.field(input), attempt, worker, name],
    result && summaryFields(result),
    ...(older === undefined ? [] : [[older.attempt, older.worker, older.name]])
  ]
}

function summaryFields(summary: ResultSummary): Field[] {
  const { outcome, reason, exitCode, signal, startedAt, runtimeMs } = summary
  const cut = reason.slice(0, REASON_CHARACTERS_MAX)
  return [
    ...[OUTCOMES.indexOf(outcome), cut, exitCode, signal, startedAt, runtimeMs],
    ...[summary.stdoutBytes, summary.stderrBytes, summary.endedAt]
  ]
}

export function readTaskView(fields: Fields, payloads: PayloadReader): TaskView {
  const view = {
    task: fields.integer(1, TASKS_MAX),
    state: fields.word(TASK_VIEW_STATES),
    input: payloads.read(fields),
    attempt: fields.integer(),
    worker: readPeer(fields),
    name: readName(fields),
    result: fields.optional((field) => readSummary(field.list()))
  }
  const older = fields.optional((field) => readOlder(field.list()))
  return older === undefined ? view : { ...view, older }
}

function readOlder(fields: Fields): OlderAttempt {
  return {
    attempt: fields.integer(1),
    worker: fields.text(PEER_CHARACTERS_MAX) as NodeId,
    name: readName(fields)
  }
}

function readSummary(fields: Fields): ResultSummary {
  return {
    outcome: fields.word(OUTCOMES),
    reason: fields.text(REASON_CHARACTERS_MAX),
    exitCode: fields.optional((field) => field.integer(0, 255)),
    signal: fields.optional((field) => field.text(SIGNAL_CHARACTERS_MAX)),
    startedAt: fields.integer(),
    runtimeMs: fields.integer(),
    stdoutBytes: fields.integer(0, OUTPUT_BYTES_MAX),
    stderrBytes: fields.integer(0, OUTPUT_BYTES_MAX),
    endedAt: fields.integer()
  }
}

export function setbackFields(setback: SetbackView): Field[] {
  const { worker, name, reason, at } = setback
  return [...attemptOf(setback), worker, name, reason.slice(0, REASON_CHARACTERS_MAX), at]
}

export function readSetbackView(fields: Fields): SetbackView {
  return {
    ...readLastAttempt(fields),
    worker: readPeer(fields),
    name: readName(fields),
    reason: fields.text(REASON_CHARACTERS_MAX),
    at: fields.integer()
  }
}

/** An input that is left out is told apart from one that is empty. */
export function resultViewFields(view: ResultView, writer: PayloadWriter): Field[] {
  const { place, state, worker, name, endedAt, input, result } = view
  return [
    ...[place, ...attemptOf(view), END_STATES.indexOf(state), worker, name, endedAt],
    input && writer.field(input),
    resultFields(result, writer)
  ]
}

export function readResultView(fields: Fields, payloads: PayloadReader): ResultView {
  return {
    place: fields.integer(),
    ...readLastAttempt(fields),
    state: fields.word(END_STATES),
    worker: readPeer(fields),
    name: readName(fields),
    endedAt: fields.integer(),
    input: fields.optional((field) => payloads.readInline(field)),
    result: readResult(fields.list(), payloads)
  }
}

export function changeFields({ job, change, newJob, tasks }: JobChange): Field[] {
  return [job, CHANGES.indexOf(change), newJob, tasks]
}

export function readChange(fields: Fields): JobChange {
  return {
    job: readJob(fields),
    change: fields.word(CHANGES),
    newJob: fields.optional(readJob),
    tasks: readCount(fields)
  }
}

export function workerFields(summary: WorkerSummary): Field[] {
  const { worker, name, slots, held, isConnected, isDraining } = summary
  return [worker, name, slots, held, isConnected, isDraining]
}

export function readWorker(fields: Fields): WorkerSummary {
  return {
    worker: fields.text(PEER_CHARACTERS_MAX) as NodeId,
    name: readName(fields),
    slots: fields.integer(0, SLOTS_MAX),
    held: fields.integer(),
    isConnected: fields.boolean(),
    isDraining: fields.boolean()
  }
}

/** Attempt 0 is of a task that was never leased. */
function readLastAttempt(fields: Fields): AttemptRef {
  return { job: readJob(fields), task: fields.integer(1, TASKS_MAX), attempt: fields.integer() }
}

function attemptOf({ job, task, attempt }: AttemptRef): number[] {
  return [job, task, attempt]
}

function readCount(fields: Fields): number {
  return fields.integer(0, TASKS_MAX)
}

function readName(fields: Fields): string {
  return fields.text(NAME_CHARACTERS_MAX)
}

function readPeer(fields: Fields): NodeId | undefined {
  return fields.optional((field) => field.text(PEER_CHARACTERS_MAX)) as NodeId | undefined
}
