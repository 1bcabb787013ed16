/**
 * Jobs and tasks as people or programs read them.
 */
import { endedTasks, unsuccessfulTasks } from '../core/job-views.ts'
import type { JobChange, JobView, SetbackView, TaskView } from '../core/job-views.ts'
import type { Spec } from '../core/spec.ts'
import { isBlobRef } from '../core/types.ts'
import type { NodeId, Payload } from '../core/types.ts'
import { bytesField, escapeText } from './output.ts'
import { textTable } from './text-table.ts'

const TITLE_CHARACTERS_MAX = 40
const INPUT_CHARACTERS_MAX = 60
/** Of a peer id, its end differs. */
const PEER_CHARACTERS = 8

/** The `job` event. */
export function jobEvent(view: JobView): Readonly<Record<string, unknown>> {
  const { job, state, options, tasks, counts, isOpen, submittedAt, endedAt, spec } = view
  const { leased, ...others } = counts
  return {
    event: 'job',
    job,
    name: options.name ?? null,
    submitter: options.submitter ?? null,
    state,
    tasks,
    ...others,
    waiting: counts.waiting + leased,
    isOpen,
    command: spec.kind === 'shell' ? spec.command : null,
    directory: spec.kind === 'shell' ? spec.directory : null,
    function: spec.kind === 'function' ? spec.function.exportName : null,
    priority: options.priority,
    retries: options.retries,
    submittedAt: new Date(submittedAt).toISOString(),
    endedAt: endedAt === undefined ? null : new Date(endedAt).toISOString()
  }
}

/** The `task` event. */
export function taskEvent(job: number, view: TaskView): Readonly<Record<string, unknown>> {
  const { task, state, attempt, worker, name, input, result, older } = view
  return {
    event: 'task',
    job,
    task,
    state,
    attempt,
    worker: worker ?? null,
    name,
    ...(older === undefined
      ? {}
      : { olderAttempt: older.attempt, olderWorker: older.worker, olderName: older.name }),
    ...inputField(input),
    outcome: result?.outcome ?? null,
    reason: result?.reason ?? null,
    exitCode: result?.exitCode ?? null,
    signal: result?.signal ?? null,
    stdoutBytes: result?.stdoutBytes ?? null,
    stderrBytes: result?.stderrBytes ?? null,
    runtimeMs: result?.runtimeMs ?? null,
    endedAt: result === undefined ? null : new Date(result.endedAt).toISOString()
  }
}

function inputField(input: Payload): Readonly<Record<string, unknown>> {
  return isBlobRef(input) ? { inputBytes: input.bytes } : bytesField('input', input)
}

/** The `setback` event. */
export function setbackEvent(setback: SetbackView): Readonly<Record<string, unknown>> {
  const { job, task, attempt, worker, name, reason, at } = setback
  const where = { worker: worker ?? null, name }
  return {
    ...{ event: 'setback', job, task, attempt, ...where, reason },
    at: new Date(at).toISOString()
  }
}

/** The `change` event. */
export function changeEvent({ job, change, newJob, tasks }: JobChange) {
  return { event: 'change', job, change, newJob: newJob ?? null, tasks }
}

/** A table of jobs; `now` is the wall clock, milliseconds since 1970. */
export function jobsAsTable(views: readonly JobView[], now: number): string {
  const rows = views.map((view) => {
    const { job, state, tasks, isOpen, counts, options, submittedAt } = view
    const total = `${tasks}${isOpen ? '+' : ''}`
    return [
      ...[String(job), titleOf(view), state, `${endedTasks(counts)}/${total}`],
      String(counts.failed + counts.aborted),
      ageOf(now - submittedAt),
      escapeText(options.submitter ?? '')
    ]
  })
  return textTable([['ID', 'NAME', 'STATE', 'DONE', 'FAILED', 'AGE', 'WHO'], ...rows])
}

/** What a job is called, or what it runs. */
export function titleOf({ options, spec }: JobView): string {
  return cut(escapeText(options.name ?? commandOf(spec)), TITLE_CHARACTERS_MAX)
}

function commandOf(spec: Spec): string {
  if (spec.kind === 'function') return `${spec.function.exportName}()`
  return spec.command === '' ? '(each task its own)' : spec.command
}

/** Everything about a job but its tasks. */
export function jobLines(view: JobView): string {
  const { job, state, options, spec, submittedAt, endedAt } = view
  const by = options.submitter === undefined ? '' : ` by ${escapeText(options.submitter)}`
  const ended = endedAt === undefined ? [] : [['  ended', timeOf(endedAt)]]
  const needs = options.after?.map(({ job: other, needs }) => `${needs}:${other}`).join(', ')
  const rows = [
    ['  state', state],
    ['  submitted', `${timeOf(submittedAt)}${by}`],
    ...ended,
    ['  command', escapeText(commandOf(spec))],
    ...(spec.kind === 'shell' ? [['  directory', escapeText(spec.directory)]] : []),
    ...(needs === undefined ? [] : [['  after', needs]]),
    ['  priority', String(options.priority)],
    ['  retries', String(options.retries)],
    ...(options.hedge === true ? [['  hedge', 'stragglers get a second attempt']] : []),
    ['  tasks', countsLine(view)]
  ]
  const name = options.name === undefined ? '' : `: ${escapeText(options.name)}`
  return `job ${job}${name}\n${textTable(rows)}`
}

/** `10: 3 waiting, 7 finished`. */
export function countsLine({ tasks, counts, isOpen }: JobView): string {
  const { leased, ...others } = counts
  const waiting = counts.waiting + leased
  const parts = Object.entries({ ...others, waiting })
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
  const open = isOpen ? ['more to come'] : []
  const list = [...parts, ...open].join(', ')
  return list === '' ? String(tasks) : `${tasks}: ${list}`
}

export function tasksAsTable(views: readonly TaskView[]): string {
  const rows = views.map(({ task, state, input, result, ...view }) => [
    ...[String(task), state, ...attemptsOf(view)],
    result === undefined || result.startedAt === 0 ? '' : spanOf(result.runtimeMs),
    inputOf(input),
    escapeText(result?.reason ?? '')
  ])
  return textTable([['TASK', 'STATE', 'ATTEMPT', 'WORKER', 'TIME', 'INPUT', 'REASON'], ...rows])
}

/** The numbers of the attempts that are under way, or of the last one, and where. */
function attemptsOf(view: Pick<TaskView, 'attempt' | 'worker' | 'name' | 'older'>): string[] {
  const { attempt, worker, name, older } = view
  const where = whereOf(worker, name)
  if (older === undefined) return [attempt === 0 ? '' : String(attempt), where]
  return [`${older.attempt}, ${attempt}`, `${whereOf(older.worker, older.name)}, ${where}`]
}

/** `5.2 attempt 1 on lab: exit status 1`. */
export function setbackLine({ job, task, attempt, worker, name, reason }: SetbackView): string {
  const where = whereOf(worker, name)
  const on = where === '' ? '' : ` on ${where}`
  return `${job}.${task} attempt ${attempt}${on}: ${escapeText(reason)}\n`
}

function inputOf(input: Payload): string {
  if (isBlobRef(input)) return `(${input.bytes} bytes)`
  return cut(escapeText(Buffer.from(input).toString()), INPUT_CHARACTERS_MAX)
}

/** What a worker calls itself, or the end of its peer id. */
export function whereOf(worker: NodeId | undefined, name: string): string {
  if (name !== '') return escapeText(name)
  return worker === undefined ? '' : escapeText(worker.slice(-PEER_CHARACTERS))
}

/** `job 5 finished`, with what did not succeed. */
export function endLine(view: JobView): string {
  const failed = unsuccessfulTasks(view.counts)
  const of = failed === 0 ? '' : `: ${failed} of ${view.tasks} tasks did not succeed`
  return `job ${view.job} ${view.state}${of}\n`
}

/** An instant in local time, to the second. */
function timeOf(instant: number): string {
  const date = new Date(instant)
  const local = new Date(instant - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19).replace('T', ' ')
}

/** `3s`, `5m`, `2h`, `4d`: whole units, as a glance needs them. */
export function ageOf(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** `12ms`, `1.2s`, `5m`. */
export function spanOf(milliseconds: number): string {
  if (milliseconds < 1_000) return `${milliseconds}ms`
  return milliseconds < 60_000 ? `${(milliseconds / 1_000).toFixed(1)}s` : ageOf(milliseconds)
}

function cut(text: string, charactersMax: number): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`
}
