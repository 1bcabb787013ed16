/**
 * Records as entries and rows, and rows as what they mean.
 */
import type { JobOptions } from '../core/job.ts'
import type { JobRecord, ResultRecord, SetbackRecord } from '../core/job-records.ts'
import type {
  JournalRecord,
  SavedEnd,
  SavedJob,
  SavedLease,
  SetbackCounters
} from '../core/master/journal.ts'
import { OUTCOMES, payloadsOf } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import type { EndState } from '../core/task.ts'
import { isBlobRef, payloadBytes } from '../core/types.ts'
import type { BlobId, BlobRef, JobId, Millis, NodeId, Payload } from '../core/types.ts'
import { blobFields, decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import { decodeSpec, encodeSpec } from '../wire/spec.ts'
import { COUNTS_LOSS, END_STATES, IS_HELD, IS_REPORT_DUE, NUMBERS_SHIFT } from './rows.ts'
import type { EndRow, Entry, InputRow, JobRow, LeaseRow, ResultRow, SetbackRow } from './rows.ts'
import { encodeHead } from '../wire/message-pack-writer.ts'
import type { Field } from '../wire/message-pack-writer.ts'

/** One row holds so many inputs at most: one input is found by reading a row. */
const ROW_INPUTS_MAX = 1_024
/** A row ends with the input that reaches this size. */
const ROW_BYTES_TARGET = 32 * 1024

const NOTHING = new Uint8Array(0)

export function entryOf(record: JournalRecord): Entry {
  switch (record.type) {
    case 'submitted': {
      const { type, job, spec, options } = record
      return { type, job, spec: encodeSpec(spec), options: JSON.stringify(options) }
    }
    case 'added': {
      const { type, job, first, inputs } = record
      return { type, job, rows: rowsOf(first, inputs), blobs: inputs.filter(isBlobRef) }
    }
    case 'leased': {
      const { type, worker } = record
      const attempts = record.attempts.flatMap(({ job, task, attempt }) => [job, task, attempt])
      return { type, worker, attempts }
    }
    case 'setback':
      return { type: 'setback', reason: record.reason, ...leaseEntry(record, 0) }
    case 'adopted':
      return { type: 'adopted', ...leaseEntry(record, IS_HELD) }
    case 'settled': {
      const { type, job, task, attempt, worker, result } = record
      const state = END_STATES.indexOf(record.state)
      const blobs = payloadsOf(result).filter(isBlobRef)
      return { type, job, task, attempt, state, worker, result: encodeResult(result), blobs }
    }
    case 'closed':
    case 'ended':
      return { type: record.type, job: record.job }
  }
}

function leaseEntry(
  record: Extract<JournalRecord, { type: 'setback' | 'adopted' }>,
  held: number
): LeaseRow & { job: number } {
  const { job, task, attempt, worker, counters } = record
  const { failures, crashes, losses, refusals, avoids, isReportDue, countsLoss } = counters
  const numbers = (counters.lastAttempt ?? attempt) - attempt
  const flags =
    held |
    (isReportDue ? IS_REPORT_DUE : 0) |
    (countsLoss ? COUNTS_LOSS : 0) |
    (numbers << NUMBERS_SHIFT)
  const wrongs = bytesOf([failures, crashes, losses, refusals, avoids])
  return { job, task, attempt, worker: worker ?? null, flags, wrongs }
}

function rowsOf(first: number, inputs: readonly Payload[]): InputRow[] {
  const rows: InputRow[] = []
  let start = 0
  let bytes = 0
  for (const [at, input] of inputs.entries()) {
    if (!isBlobRef(input)) bytes += payloadBytes(input)
    const count = at + 1 - start
    const isFull = bytes >= ROW_BYTES_TARGET || count >= ROW_INPUTS_MAX
    if (!isFull && at < inputs.length - 1) continue
    const fields = inputs.slice(start, at + 1).map(payloadField)
    rows.push({ first: first + start, count, inputs: bytesOf(fields) })
    start = at + 1
    bytes = 0
  }
  return rows
}

export function decodeInputs({ inputs }: InputRow): Payload[] {
  const fields = decodeHead(inputs)
  const payloads: Payload[] = []
  while (fields.hasMore) payloads.push(readPayload(fields))
  return payloads
}

function encodeResult(result: Result): Uint8Array {
  const { outcome, reason, exitCode, signal, startedAt, runtimeMs } = result
  return bytesOf([
    ...[OUTCOMES.indexOf(outcome), reason, exitCode, signal, startedAt, runtimeMs],
    ...payloadsOf(result).map(payloadField)
  ])
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

function payloadField(payload: Payload): Field {
  if (isBlobRef(payload)) return blobFields(payload)
  return payload.length === 0 ? undefined : payload
}

function readPayload(fields: Fields): Payload {
  const read = (field: Fields): Payload =>
    field.isList ? field.blob(Infinity) : field.bytes(Infinity)
  return fields.optional(read) ?? NOTHING
}

/** A copy: what the encoder returns is a view into a larger buffer. */
function bytesOf(fields: readonly Field[]): Uint8Array {
  return new Uint8Array(encodeHead(fields))
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
