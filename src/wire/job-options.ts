/**
 * The options of a job as fields.
 */
import {
  NAME_CHARACTERS_MAX,
  NEEDS_MAX,
  PEER_CHARACTERS_MAX,
  PRIORITY_MAX,
  RETRIES_MAX,
  TASKS_MAX
} from '../core/limits.ts'
import type { Backoff, Dependency, FailLimit, JobOptions, LabelNeed } from '../core/job.ts'
import { readJob } from './attempts.ts'
import type { Fields } from './codec.ts'
import type { Field } from './message-pack-writer.ts'

const DEPENDENCIES: readonly Dependency['needs'][] = ['ok', 'any']
const BACKOFFS: readonly Backoff['kind'][] = ['fixed', 'exponential']
const LIMITS = ['tasks', 'percent'] as const

/** What `readOptions` reads. */
export function optionsFields(options: JobOptions): Field[] {
  const { priority, retries, worker, name, submitter, after, failsMax, crashesMax } = options
  const { backoff, requires, startWithinMs, hedge } = options
  return [
    ...[priority, retries, worker, name, submitter],
    after?.map(({ job, needs }) => [job, DEPENDENCIES.indexOf(needs)]),
    failsMax === undefined ? undefined : limitFields(failsMax),
    crashesMax,
    backoff && [BACKOFFS.indexOf(backoff.kind), backoff.firstMs, backoff.maxMs],
    requires?.map(({ label, value }) => [label, value]),
    startWithinMs,
    // Left out where nothing is said: those who do not know it never see it.
    ...(hedge === true ? [true] : [])
  ]
}

function limitFields(limit: FailLimit): Field[] {
  return 'tasks' in limit ? [0, limit.tasks] : [1, limit.percent]
}

/** Throws BAD_MESSAGE. */
export function readOptions(fields: Fields): JobOptions {
  return {
    priority: fields.integer(-PRIORITY_MAX, PRIORITY_MAX),
    retries: fields.integer(0, RETRIES_MAX),
    ...some(
      'worker',
      fields.optional((field) => field.text(PEER_CHARACTERS_MAX))
    ),
    ...some(
      'name',
      fields.optional((field) => field.text(NAME_CHARACTERS_MAX))
    ),
    ...some(
      'submitter',
      fields.optional((field) => field.text(PEER_CHARACTERS_MAX))
    ),
    ...some(
      'after',
      fields.optional((field) => field.lists(NEEDS_MAX, readDependency))
    ),
    ...some(
      'failsMax',
      fields.optional((field) => readLimit(field.list()))
    ),
    ...some(
      'crashesMax',
      fields.optional((field) => field.integer(1))
    ),
    ...some(
      'backoff',
      fields.optional((field) => readBackoff(field.list()))
    ),
    ...some(
      'requires',
      fields.optional((field) => field.lists(NEEDS_MAX, readNeed))
    ),
    ...some(
      'startWithinMs',
      fields.optional((field) => field.integer(1))
    ),
    ...some(
      'hedge',
      fields.optional((field) => field.boolean())
    )
  }
}

/** A property, or none where there is no value. */
function some<Name extends string, Value>(
  name: Name,
  value: Value | undefined
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>)
}

function readDependency(fields: Fields): Dependency {
  return { job: readJob(fields), needs: fields.word(DEPENDENCIES) }
}

function readLimit(fields: Fields): FailLimit {
  const kind = fields.word(LIMITS)
  if (kind === 'tasks') return { tasks: fields.integer(0, TASKS_MAX) }
  return { percent: fields.integer(0, 100) }
}

function readBackoff(fields: Fields): Backoff {
  return { kind: fields.word(BACKOFFS), firstMs: fields.integer(), maxMs: fields.integer() }
}

function readNeed(fields: Fields): LabelNeed {
  const label = fields.text(NAME_CHARACTERS_MAX)
  return {
    label,
    ...some(
      'value',
      fields.optional((field) => field.text(NAME_CHARACTERS_MAX))
    )
  }
}
