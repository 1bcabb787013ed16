/**
 * Records on their way to the journal's thread: all commits of a group in one piece of bytes, which
 * costs less than a clone of each of their values.
 *
 * What has a form of its own on disk (specs, inputs, results) is in it as that, so that the thread
 * writes it without looking inside.
 */
import type { JournalRecord } from '../core/master/journal.ts'
import { payloadsOf } from '../core/result.ts'
import { isBlobRef, payloadBytes } from '../core/types.ts'
import type { AttemptRef, BlobRef, Payload } from '../core/types.ts'
import { attemptFields, readAttempt } from '../wire/attempts.ts'
import { blobFields, decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import { specFields } from '../wire/master-messages.ts'
import { encodeHead } from '../wire/message-pack-writer.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import { payloadField, resultFields } from './encoding.ts'
import { COUNTS_LOSS, END_STATES, IS_HELD, IS_REPORT_DUE, NUMBERS_SHIFT } from './rows.ts'
import type { Commit, Entry, InputRow, LeaseEntry } from './rows.ts'

const TYPES = [
  ...(['submitted', 'added', 'closed', 'leased'] as const),
  ...(['setback', 'adopted', 'settled', 'ended'] as const)
] as const satisfies readonly JournalRecord['type'][]

/** One row holds so many inputs at most: one input is found by reading a row. */
const ROW_INPUTS_MAX = 1_024
/** A row ends with the input that reaches this size. */
const ROW_BYTES_TARGET = 32 * 1024

const NONE: readonly Field[] = []

export function encodeCommits(commits: readonly Commit<JournalRecord>[]): Uint8Array {
  const workers = new Workers()
  const fields = commits.map(({ entries, at, isRefusable }): Field[] => {
    return [at, isRefusable, entries.map((record) => entryFields(record, workers))]
  })
  // A copy: what the encoder returns is a view into a larger buffer.
  return new Uint8Array(encodeHead([workers.names, fields]))
}

/** What is in the bytes: entries are views of them. */
export function decodeCommits(bytes: Uint8Array): Commit[] {
  const fields = decodeHead(bytes)
  const workers = fields.texts(Infinity, Infinity)
  return fields.lists(Infinity, (commit) => readCommit(commit, workers))
}

/** Their names are long and few: each is there once, and entries tell them by their places. */
class Workers {
  readonly names: string[] = []
  readonly #places = new Map<string, number>()

  placeOf(name: string): number {
    const known = this.#places.get(name)
    if (known !== undefined) return known
    this.#places.set(name, this.names.length)
    return this.names.push(name) - 1
  }
}

function entryFields(record: JournalRecord, workers: Workers): Field[] {
  const type = TYPES.indexOf(record.type)
  switch (record.type) {
    case 'submitted':
      return [type, record.job, specFields(record.spec), JSON.stringify(record.options)]
    case 'added':
      return [type, record.job, rowsOf(record.first, record.inputs), blobsOf(record.inputs)]
    case 'leased':
      return [type, workers.placeOf(record.worker), attemptFields(record.attempts)]
    case 'setback':
      return [type, ...leaseFields(record, 0, workers), record.reason]
    case 'adopted':
      return [type, ...leaseFields(record, IS_HELD, workers)]
    case 'settled': {
      const { job, task, attempt, result } = record
      const state = END_STATES.indexOf(record.state)
      const worker = record.worker && workers.placeOf(record.worker)
      const blobs = blobsOf(payloadsOf(result))
      return [type, job, task, attempt, state, worker, resultFields(result), blobs]
    }
    case 'closed':
    case 'ended':
      return [type, record.job]
  }
}

function blobsOf(payloads: readonly Payload[]): readonly Field[] {
  return payloads.some(isBlobRef) ? payloads.filter(isBlobRef).map(blobFields) : NONE
}

function leaseFields(
  record: Extract<JournalRecord, { type: 'setback' | 'adopted' }>,
  held: number,
  workers: Workers
): Field[] {
  const { job, task, attempt, counters } = record
  const worker = record.worker && workers.placeOf(record.worker)
  const { failures, crashes, losses, refusals, avoids, isReportDue, countsLoss } = counters
  const numbers = (counters.lastAttempt ?? attempt) - attempt
  const flags =
    held |
    (isReportDue ? IS_REPORT_DUE : 0) |
    (countsLoss ? COUNTS_LOSS : 0) |
    (numbers << NUMBERS_SHIFT)
  const wrongs = [failures, crashes, losses, refusals, avoids]
  return [job, task, attempt, worker, flags, wrongs]
}

function rowsOf(first: number, inputs: readonly Payload[]): Field[] {
  const rows: Field[] = []
  let start = 0
  let bytes = 0
  for (const [at, input] of inputs.entries()) {
    if (!isBlobRef(input)) bytes += payloadBytes(input)
    const count = at + 1 - start
    const isFull = bytes >= ROW_BYTES_TARGET || count >= ROW_INPUTS_MAX
    if (!isFull && at < inputs.length - 1) continue
    rows.push([first + start, count, inputs.slice(start, at + 1).map(payloadField)])
    start = at + 1
    bytes = 0
  }
  return rows
}

function readCommit(fields: Fields, workers: readonly string[]): Commit {
  const [at, isRefusable] = [fields.integer(), fields.boolean()]
  const entries = fields.lists(Infinity, (entry) => readEntry(entry, workers))
  return { at, isRefusable, entries }
}

function readEntry(fields: Fields, workers: readonly string[]): Entry {
  const type = fields.word(TYPES)
  switch (type) {
    case 'submitted': {
      const [job, spec, options] = [fields.integer(), fields.raw(), fields.text(Infinity)]
      return { type, job, spec, options }
    }
    case 'added': {
      const [job, rows] = [fields.integer(), fields.lists(Infinity, readInputRow)]
      return { type, job, rows, blobs: readBlobs(fields.list()) }
    }
    case 'leased':
      return { type, worker: fields.word(workers), attempts: readAttempts(fields.list()) }
    case 'setback':
      return { type, ...readLease(fields, workers), reason: fields.text(Infinity) }
    case 'adopted':
      return { type, ...readLease(fields, workers) }
    case 'settled': {
      const [job, task, attempt] = [fields.integer(), fields.integer(), fields.integer()]
      const [state, worker] = [fields.integer(), readWorker(fields, workers)]
      const [result, blobs] = [fields.raw(), readBlobs(fields.list())]
      return { type, job, task, attempt, state, worker, result, blobs }
    }
    case 'closed':
    case 'ended':
      return { type, job: fields.integer() }
  }
}

function readInputRow(fields: Fields): InputRow {
  const [first, count] = [fields.integer(), fields.integer()]
  return { first, count, inputs: fields.raw() }
}

function readLease(fields: Fields, workers: readonly string[]): LeaseEntry {
  const [job, task, attempt] = [fields.integer(), fields.integer(), fields.integer()]
  const [worker, flags] = [readWorker(fields, workers), fields.integer()]
  return { job, task, attempt, worker, flags, wrongs: fields.raw() }
}

function readWorker(fields: Fields, workers: readonly string[]): string | null {
  return fields.optional((field) => field.word(workers)) ?? null
}

function readAttempts(fields: Fields): AttemptRef[] {
  const attempts: AttemptRef[] = []
  while (fields.hasMore) attempts.push(readAttempt(fields))
  return attempts
}

function readBlobs(fields: Fields): BlobRef[] {
  const blobs: BlobRef[] = []
  while (fields.hasMore) blobs.push(fields.blob(Infinity))
  return blobs
}
