/**
 * What a worker says, as bytes. Types 1 to 31.
 */
import {
  ENTRIES_MAX,
  NAME_CHARACTERS_MAX,
  READ_BYTES_MAX,
  REASON_CHARACTERS_MAX,
  SLOTS_MAX
} from '../core/limits.ts'
import { HELD_STATES, OUTPUT_STATES } from '../core/messages.ts'
import type {
  Credit,
  HeldAttempt,
  OutputPart,
  Progress,
  Report,
  WorkerMessage
} from '../core/messages.ts'
import { OUTCOMES } from '../core/result.ts'
import type { Result } from '../core/result.ts'
import { abilityFields, readAmounts, readLabels } from './abilities.ts'
import { attemptFields, placeFields, readAttempt, readAttempts, readPlace } from './attempts.ts'
import { decodeHead } from './codec.ts'
import type { Fields } from './codec.ts'
import type { RawMessage, ReceivedMessage } from './frame.ts'
import type { Field } from './message-pack-writer.ts'
import { PayloadReader, PayloadWriter } from './payload.ts'

type Hold = Extract<WorkerMessage, { type: 'hold' }>

const HOLD = 1
const OFFER = 2
const STARTED = 3
const REPORT = 4
const RENEWAL = 5
const BYE = 6
const PROGRESS = 7
const OUTPUT = 8

const NOTHING = new Uint8Array(0)
const SIGNAL_CHARACTERS_MAX = 16
const HELD_ENTRIES_MAX = 65_536

export function encodeWorkerMessage(message: WorkerMessage): RawMessage {
  switch (message.type) {
    case 'hold': {
      const { boot, name, slots, credit } = message
      const attempts = message.attempts.map((held) => [
        held.job,
        held.task,
        held.attempt,
        HELD_STATES.indexOf(held.state)
      ])
      const abilities = abilityFields(message.labels, message.amounts)
      const fields = [boot, name, slots, credit, attempts, ...abilities]
      return { type: HOLD, fields, payloads: [] }
    }
    case 'offer':
      return { type: OFFER, fields: [...creditFields(message), message.more], payloads: [] }
    case 'started':
      return { type: STARTED, fields: [attemptFields(message.attempts)], payloads: [] }
    case 'report':
      return encodeReports(message.reports)
    case 'renewal':
      return {
        type: RENEWAL,
        fields: [message.seen, ...creditFields(message)],
        payloads: []
      }
    case 'bye':
      return { type: BYE, fields: [], payloads: [] }
    case 'progress':
      return encodeProgress(message.progress)
    case 'output':
      return encodeOutput(message)
  }
}

function encodeReports(reports: readonly Report[]): RawMessage {
  const writer = new PayloadWriter()
  const entries = reports.map(({ job, task, attempt, result }) => {
    const entry: Field[] = [job, task, attempt]
    addResult(entry, result, writer)
    return entry
  })
  return { type: REPORT, fields: [entries], payloads: writer.payloads }
}

/** What `readResult` reads: as fields of a message, and of whatever else has a result. */
export function resultFields(result: Result, writer: PayloadWriter): Field[] {
  const fields: Field[] = []
  addResult(fields, result, writer)
  return fields
}

function addResult(fields: Field[], result: Result, writer: PayloadWriter): void {
  fields.push(
    OUTCOMES.indexOf(result.outcome),
    result.reason.slice(0, REASON_CHARACTERS_MAX),
    result.exitCode,
    result.signal,
    result.startedAt,
    result.runtimeMs,
    writer.field(result.stdout),
    writer.field(result.stderr),
    writer.field(result.value)
  )
}

function encodeProgress(progress: readonly Progress[]): RawMessage {
  const writer = new PayloadWriter()
  const entries = progress.map(({ job, task, attempt, value }) => [
    job,
    task,
    attempt,
    writer.field(value)
  ])
  return { type: PROGRESS, fields: [entries], payloads: writer.payloads }
}

function encodeOutput(part: OutputPart): RawMessage {
  const writer = new PayloadWriter()
  const state = OUTPUT_STATES.indexOf(part.state)
  const fields = [...placeFields(part), state, writer.field(part.bytes)]
  return { type: OUTPUT, fields, payloads: writer.payloads }
}

/** Reads a message of a worker; undefined for a type that this version does not know. */
export function decodeWorkerMessage(received: ReceivedMessage): WorkerMessage | undefined {
  const { type } = received
  if (type < HOLD || type > OUTPUT) return undefined
  const fields = decodeHead(received.head)
  switch (type) {
    case HOLD:
      return {
        type: 'hold',
        boot: fields.text(NAME_CHARACTERS_MAX),
        name: fields.text(NAME_CHARACTERS_MAX),
        slots: fields.integer(0, SLOTS_MAX),
        credit: fields.integer(),
        attempts: fields.lists(HELD_ENTRIES_MAX, readHeld),
        ...readAbilities(fields)
      }
    case OFFER:
      return { type: 'offer', ...readCredit(fields), more: fields.boolean() }
    case STARTED:
      return { type: 'started', attempts: readAttempts(fields) }
    case REPORT: {
      const payloads = new PayloadReader(received.payload)
      const reports = fields.lists(ENTRIES_MAX, (entry) => readReport(entry, payloads))
      return { type: 'report', reports }
    }
    case RENEWAL:
      return { type: 'renewal', seen: fields.integer(), ...readCredit(fields) }
    case PROGRESS: {
      const payloads = new PayloadReader(received.payload)
      const read = (entry: Fields): Progress => ({
        ...readAttempt(entry),
        value: payloads.readInline(entry)
      })
      return { type: 'progress', progress: fields.lists(ENTRIES_MAX, read) }
    }
    case OUTPUT: {
      const payloads = new PayloadReader(received.payload)
      const place = readPlace(fields)
      const state = fields.word(OUTPUT_STATES)
      return { type: 'output', ...place, state, bytes: payloads.readInline(fields, READ_BYTES_MAX) }
    }
    default:
      return { type: 'bye' }
  }
}

/** Trailing fields: a worker that is older says nothing of them. */
function readAbilities(fields: Fields): Pick<Hold, 'labels' | 'amounts'> {
  const labels = fields.optional(readLabels)
  const amounts = fields.optional(readAmounts)
  return {
    ...(labels === undefined ? {} : { labels }),
    ...(amounts === undefined ? {} : { amounts })
  }
}

function creditFields({ credit, withdrawn }: Credit): number[] {
  return [credit, withdrawn]
}

function readCredit(fields: Fields): Credit {
  return { credit: fields.integer(), withdrawn: fields.integer() }
}

function readHeld(fields: Fields): HeldAttempt {
  return { ...readAttempt(fields), state: fields.word(HELD_STATES) }
}

function readReport(fields: Fields, payloads: PayloadReader): Report {
  const { job, task, attempt } = readAttempt(fields)
  return { job, task, attempt, result: readResult(fields, payloads) }
}

/** Throws BAD_MESSAGE. */
export function readResult(fields: Fields, payloads: PayloadReader): Result {
  return {
    outcome: fields.word(OUTCOMES),
    reason: fields.text(REASON_CHARACTERS_MAX),
    exitCode: fields.optional((field) => field.integer(0, 255)),
    signal: fields.optional((field) => field.text(SIGNAL_CHARACTERS_MAX)),
    startedAt: fields.integer(),
    runtimeMs: fields.integer(),
    stdout: payloads.read(fields),
    stderr: payloads.read(fields),
    value: fields.optional((field) => payloads.read(field)) ?? NOTHING
  }
}
