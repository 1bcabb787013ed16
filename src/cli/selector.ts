/**
 * How people name jobs and tasks: `5`, `1-3`, `1,3,5-8`, `all`, `last`; `5.2` and `5.1-9,12` are
 * tasks of one job.
 */
import { RANGES_MAX, TASKS_MAX } from '../core/limits.ts'
import { joinRanges } from '../core/selection.ts'
import type { Range, Selection } from '../core/selection.ts'
import type { JobId } from '../core/types.ts'
import { usage } from './values.ts'

const JOB_MAX = 2 ** 31

/** One job, and tasks of it if they are named. */
export interface TaskSelector {
  readonly job: JobId | 'last'
  /** Undefined: all. */
  readonly tasks: readonly Range[] | undefined
}

/** Any number of jobs, as they were named: whoever names one by itself means that one. Throws USAGE. */
export function parseSelector(text: string): Selection {
  if (text === 'all' || text === 'last') return { type: text }
  const ranges = rangesOf(text, JOB_MAX)
  if (ranges !== undefined) return { type: 'ranges', ranges }
  throw usage(`'${text}' does not name jobs, as 5, 1-3, 1,3,5-8, all or last do`)
}

/** One job, or tasks of one. Throws USAGE. */
export function parseTaskSelector(text: string): TaskSelector {
  const [, job = '', tasks] = /^([^.]*)(?:\.(.*))?$/.exec(text) ?? []
  const ranges = tasks === undefined ? undefined : rangesOf(tasks, TASKS_MAX)
  const number = numberOf(job, JOB_MAX)
  if ((job !== 'last' && number === undefined) || (tasks !== undefined && ranges === undefined)) {
    throw usage(`'${text}' does not name a job or tasks of one, as 5, last, 5.2 or 5.1-9 do`)
  }
  return {
    job: number === undefined ? 'last' : (number as JobId),
    tasks: ranges && joinRanges(ranges)
  }
}

/** Jobs, or tasks of one job. Throws USAGE. */
export function parseAnySelector(text: string): {
  readonly selection: Selection
  readonly tasks: readonly Range[] | undefined
} {
  if (!text.includes('.')) return { selection: parseSelector(text), tasks: undefined }
  const { job, tasks } = parseTaskSelector(text)
  return { selection: selectionOf(job), tasks }
}

/** Only this job. */
export function selectionOf(job: JobId | 'last'): Selection {
  return job === 'last' ? { type: 'last' } : { type: 'ranges', ranges: [[job, job]] }
}

/** A selection as it would be typed. */
export function showRanges(ranges: readonly Range[]): string {
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}

function rangesOf(text: string, max: number): Range[] | undefined {
  const parts = text.split(',')
  if (parts.length > RANGES_MAX) throw usage(`at most ${RANGES_MAX} numbers and ranges at a time`)
  const ranges: Range[] = []
  for (const part of parts) {
    const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    const [from, to] = [numberOf(first, max), numberOf(last, max)]
    if (from === undefined || to === undefined || from > to) return undefined
    ranges.push([from, to])
  }
  return ranges
}

function numberOf(text: string, max: number): number | undefined {
  const number = /^\d{1,15}$/.test(text) ? Number(text) : 0
  return number >= 1 && number <= max ? number : undefined
}
