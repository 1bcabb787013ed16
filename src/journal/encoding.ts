/**
 * What has a form of its own on disk, and rows as what they mean.
 */
import type { JobOptions } from '../core/job.ts'
import type { JobRecord, ResultRecord, SetbackRecord } from '../core/job-records.ts'
import type { SavedEnd, SavedJob, SavedLease, SetbackCounters } from '../core/master/journal.ts'
import { OUTCOMES } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { EndState } from '../core/task.ts'
import { isBlobRef } from '../core/types.ts'
import type { BlobId, BlobRef, JobId, Millis, NodeId, Payload } from '../core/types.ts'
import { blobFields, decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import { decodeSpec } from '../wire/spec.ts'
import { COUNTS_LOSS, END_STATES, IS_HELD, IS_REPORT_DUE, NUMBERS_SHIFT } from './rows.ts'
import type { EndRow, InputRow, JobRow, LeaseRow, ResultRow, SetbackRow } from './rows.ts'

const NOTHING = new Uint8Array(0)

export function decodeInputs({ inputs }: InputRow): Payload[] {
  const fields = decodeHead(inputs)
  const payloads: Payload[] = []
  while (fields.hasMore) payloads.push(readPayload(fields))
  return payloads
}

/** As `decodeResult` reads them. */
export function resultFields(result: Result): Field[] {
  const { outcome, reason, exitCode, signal, startedAt, runtimeMs } = result
  return [
    OUTCOMES.indexOf(outcome),
    reason,
    exitCode,
    signal,
    startedAt,
    runtimeMs,
    payloadField(result.stdout),
    payloadField(result.stderr),
    payloadField(result.value)
  ]
}

function decodeResult(bytes: Uint8Array): Result {
  const fields = decodeHead(bytes)
  return {
    outcome: fields.word(OUTCOMES),
    reason: fields.text(Infinity),
    exitCode: fields.optional((field) => field.integer(-Infinity)),
    signal: fields.optional((field) => field.text(Infinity)),
    startedAt: fields.integer(-Infinity),
    runtimeMs: fields.integer(),
    stdout: readPayload(fields),
    stderr: readPayload(fields),
    value: readPayload(fields)
  }
}

/** As `readPayload` reads it. */
export function payloadField(payload: Payload): Field {
  if (isBlobRef(payload)) return blobFields(payload)
  return payload.length === 0 ? undefined : payload
}

function readPayload(fields: Fields): Payload {
  const read = (field: Fields): Payload =>
    field.isList ? field.blob(Infinity) : field.bytes(Infinity)
  return fields.optional(read) ?? NOTHING
}

export function savedJobOf(row: JobRow): SavedJob {
  const { job, spec, options, isOpen, tasks: lastTask } = jobRecordOf(row)
  return { type: 'job', job, spec, options, isOpen, lastTask, ended: endedOf(row) }
}

export function runTimeOf({ result }: Pick<ResultRow, 'result'>): Millis {
  return decodeResult(result).runtimeMs
}

export function savedEndOf(row: EndRow): SavedEnd {
  return { type: 'end', job: row.job as JobId, counts: endedOf(row) }
}

function endedOf({ finished, failed, canceled, aborted }: EndRow): Record<EndState, number> {
  return { finished, failed, canceled, aborted }
}

export function savedLeaseOf({ attempt, worker, flags, wrongs }: LeaseRow): SavedLease {
  const isHeld = (flags & IS_HELD) !== 0
  const numbers = flags >> NUMBERS_SHIFT
  const counters = {
    ...countersOf(flags, wrongs),
    ...(numbers > 0 ? { lastAttempt: attempt + numbers } : {})
  }
  return { attempt, worker: nodeOf(worker), isHeld, counters }
}

function countersOf(flags: number, wrongs: Uint8Array | null): SetbackCounters {
  const due = {
    isReportDue: (flags & IS_REPORT_DUE) !== 0,
    countsLoss: (flags & COUNTS_LOSS) !== 0
  }
  if (wrongs === null)
    return { failures: 0, crashes: 0, losses: 0, refusals: 0, ...due, avoids: [] }
  const fields = decodeHead(wrongs)
  return {
    failures: fields.integer(),
    crashes: fields.integer(),
    losses: fields.integer(),
    refusals: fields.integer(),
    ...due,
    avoids: fields.texts(Infinity, Infinity) as NodeId[]
  }
}

export function jobRecordOf(row: JobRow): JobRecord {
  const ended = endedOf(row)
  const waiting = Object.values(ended).reduce((left, count) => left - count, row.tasks)
  return {
    job: row.job as JobId,
    spec: decodeSpec(row.spec),
    options: JSON.parse(row.options) as JobOptions,
    isOpen: row.isOpen === 1,
    tasks: row.tasks,
    counts: { waiting, leased: 0, running: 0, retrying: 0, ...ended },
    submittedAt: row.submittedAt,
    endedAt: row.endedAt ?? undefined
  }
}

export function resultRecordOf(job: JobId, row: ResultRow): ResultRecord {
  const { place, task, attempt, worker, endedAt } = row
  return {
    ...{ place, job, task, attempt, endedAt },
    state: END_STATES[row.state] as EndState,
    worker: nodeOf(worker),
    result: decodeResult(row.result)
  }
}

export function setbackRecordOf(job: JobId, row: SetbackRow): SetbackRecord {
  const { task, attempt, worker, reason, at } = row
  return { job, task, attempt, worker: nodeOf(worker), reason, at }
}

export function nodeOf(worker: string | null): NodeId | undefined {
  return worker === null ? undefined : (worker as NodeId)
}

export function blobRefOf(row: { blob: Uint8Array; bytes: number }): BlobRef {
  return { blob: Buffer.from(row.blob).toString('hex') as BlobId, bytes: row.bytes }
}
