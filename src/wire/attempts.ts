/**
 * Lists of attempts, the commonest thing in messages: three numbers each, one after the other.
 */
import { ENTRIES_MAX, HELD_TASKS_MAX, TASKS_MAX } from '../core/limits.ts'
import type { AttemptRef, JobId } from '../core/types.ts'
import { badMessage } from './codec.ts'
import type { Fields } from './codec.ts'

/** A list can name everything that a worker holds. */
const ATTEMPTS_MAX = Math.max(ENTRIES_MAX, 2 * HELD_TASKS_MAX)
export const JOB_MAX = 2 ** 31

export function attemptFields(attempts: readonly AttemptRef[]): number[] {
  return attempts.flatMap(({ job, task, attempt }) => [job, task, attempt])
}

export function readAttempts(fields: Fields): AttemptRef[] {
  const list = fields.list()
  const attempts: AttemptRef[] = []
  while (list.hasMore) {
    if (attempts.length === ATTEMPTS_MAX) throw badMessage('too long a list of attempts')
    attempts.push(readAttempt(list))
  }
  return attempts
}

/** Reads the three numbers of one attempt. */
export function readAttempt(fields: Fields): AttemptRef {
  return { job: readJob(fields), task: fields.integer(1, TASKS_MAX), attempt: fields.integer(1) }
}

export function readJob(fields: Fields): JobId {
  return fields.integer(1, JOB_MAX) as JobId
}
