/**
 * Lists of attempts, the commonest thing in messages: three numbers each, one after the other.
 */
import { ENTRIES_MAX, HELD_TASKS_MAX, OUTPUT_BYTES_MAX, TASKS_MAX } from '../core/limits.ts'
import { OUTPUT_STREAMS } from '../core/messages.ts'
import type { OutputPlace } from '../core/messages.ts'
import type { AttemptRef, JobId } from '../core/types.ts'
import { badMessage } from './bad-message.ts'
import type { Fields } from './codec.ts'

/** A list can name everything that a worker holds. */
const ATTEMPTS_MAX = Math.max(ENTRIES_MAX, 2 * HELD_TASKS_MAX)
export const JOB_MAX = 2 ** 31

export function attemptFields(attempts: readonly AttemptRef[]): number[] {
  const fields: number[] = []
  for (const { job, task, attempt } of attempts) fields.push(job, task, attempt)
  return fields
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

/** A place in what an attempt prints: its three numbers, the stream, and the offset. */
export function placeFields({ job, task, attempt, stream, offset }: OutputPlace): number[] {
  return [job, task, attempt, OUTPUT_STREAMS.indexOf(stream), offset]
}

export function readPlace(fields: Fields): OutputPlace {
  const ref = readAttempt(fields)
  return {
    ...ref,
    stream: fields.word(OUTPUT_STREAMS),
    offset: fields.integer(0, OUTPUT_BYTES_MAX)
  }
}

export function readJob(fields: Fields): JobId {
  return fields.integer(1, JOB_MAX) as JobId
}
