/**
 * What a client says, as bytes. Types 1 to 31.
 */
import {
  ENTRIES_MAX,
  FRAME_BYTES_MAX,
  JOB_BYTES_MAX,
  OUTPUT_BYTES_MAX,
  PEER_CHARACTERS_MAX,
  RANGES_MAX,
  REASON_CHARACTERS_MAX,
  TASKS_MAX
} from '../core/limits.ts'
import { P2pJobsError } from '../core/errors.ts'
import type { Range, Selection } from '../core/selection.ts'
import type { EndState } from '../core/task.ts'
import type { JobId } from '../core/types.ts'
import { JOB_MAX, readJob } from '../wire/attempts.ts'
import { badMessage } from '../wire/bad-message.ts'
import { decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import type { RawMessage, ReceivedMessage } from '../wire/frame.ts'
import { optionsFields, readOptions } from '../wire/job-options.ts'
import { readSpec, specFields } from '../wire/master-messages.ts'
import { encodeHead } from '../wire/message-pack-writer.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import { PayloadReader, PayloadWriter } from '../wire/payload.ts'
import { PARTS, STREAMS } from './messages.ts'
import type { ClientMessage, Request } from './messages.ts'

/** By their place, from 2 on; 1 is the hello. */
const TYPES = [
  ...['submit', 'feed', 'inputs', 'close', 'jobs', 'tasks', 'setbacks', 'results', 'bytes'],
  ...['live', 'cancel', 'retry', 'forget', 'drain', 'explain', 'wait', 'workers']
] as readonly ClientMessage['type'][]
const FIRST_TYPE = 2

const SELECTIONS = ['all', 'last', 'ranges'] as const
const END_STATES: readonly EndState[] = ['finished', 'failed', 'canceled', 'aborted']
/** Every input costs its length in the head beside its bytes. */
const INPUT_OVERHEAD_BYTES = 5
/** What of a frame is left for inputs beside the heads of a message and of the largest job. */
const INPUTS_BYTES_MAX = FRAME_BYTES_MAX - JOB_BYTES_MAX - 1_024

/**
 * Throws LIMIT for a job that no message can hold. Inputs have to be in parts of `inRequests`.
 */
export function encodeRequest(message: ClientMessage): RawMessage {
  const writer = new PayloadWriter()
  const fields = fieldsOf(message, writer)
  return { type: TYPES.indexOf(message.type) + FIRST_TYPE, fields, payloads: writer.payloads }
}

function fieldsOf(message: ClientMessage, writer: PayloadWriter): Field[] {
  switch (message.type) {
    case 'submit': {
      const { spec, options, inputs, isWhole } = message
      const job = [specFields(spec), optionsFields(options)]
      if (encodeHead(job).length > JOB_BYTES_MAX) throw tooLarge()
      return [...job, isWhole, inputs.map((input) => writer.field(input))]
    }
    case 'inputs':
      return [message.inputs.map((input) => writer.field(input))]
    case 'feed':
      return [message.job]
    case 'jobs':
    case 'wait':
    case 'forget':
      return selectionFields(message.selection)
    case 'tasks':
      return [message.job, message.from, message.limit, message.states.map(placeOf)]
    case 'setbacks':
      return [message.job, message.task, message.limit]
    case 'cancel': {
      const { selection, tasks, reason } = message
      return [...selectionFields(selection), tasks?.flat(), reason.slice(0, REASON_CHARACTERS_MAX)]
    }
    case 'retry':
      return [...selectionFields(message.selection), message.isFailedOnly]
    case 'drain':
      return [message.worker, message.isDraining]
    case 'explain':
      return [message.job, message.task]
    case 'close':
    case 'workers':
      return []
    case 'results':
    case 'bytes':
    case 'live':
      return readingFields(message)
  }
}

function readingFields(message: Extract<Request, { type: 'results' | 'bytes' | 'live' }>) {
  if (message.type === 'results') {
    const { job, place, isFollowing, hasInputs, hasNotices } = message
    return [job, place, isFollowing, hasInputs, hasNotices]
  }
  const { job, task, offset } = message
  if (message.type === 'bytes') return [job, task, PARTS.indexOf(message.part), offset]
  return [job, task, STREAMS.indexOf(message.stream), offset, message.attempt]
}

function selectionFields(selection: Selection): Field[] {
  const ranges = selection.type === 'ranges' ? selection.ranges.flat() : []
  return [SELECTIONS.indexOf(selection.type), ranges]
}

function placeOf(state: EndState): number {
  return END_STATES.indexOf(state)
}

function tooLarge(): P2pJobsError {
  return new P2pJobsError(
    'LIMIT',
    `a job with its command and variables takes ${JOB_BYTES_MAX} bytes at most; ` +
      'put long data into files and name those'
  )
}

/** Parts of inputs that one message can hold. */
export function* inRequests(inputs: readonly Uint8Array[]): Generator<readonly Uint8Array[]> {
  let from = 0
  let bytes = 0
  for (const [at, input] of inputs.entries()) {
    const size = input.length + INPUT_OVERHEAD_BYTES
    if (at > from && (at - from === ENTRIES_MAX || bytes + size > INPUTS_BYTES_MAX)) {
      yield inputs.slice(from, at)
      from = at
      bytes = 0
    }
    bytes += size
  }
  if (from < inputs.length) yield inputs.slice(from)
}

/** Reads what a client says; undefined for a type that this version does not know. */
export function decodeRequest(received: ReceivedMessage): ClientMessage | undefined {
  const type = TYPES[received.type - FIRST_TYPE]
  if (type === undefined) return undefined
  const fields = decodeHead(received.head)
  const payloads = new PayloadReader(received.payload)
  switch (type) {
    case 'submit':
      if (received.head.length > JOB_BYTES_MAX + ENTRIES_MAX * INPUT_OVERHEAD_BYTES) {
        throw badMessage('a job that is too large')
      }
      return {
        type,
        spec: readSpec(fields.list()),
        options: readOptions(fields.list()),
        isWhole: fields.boolean(),
        inputs: readInputs(fields, payloads)
      }
    case 'inputs':
      return { type, inputs: readInputs(fields, payloads) }
    case 'close':
    case 'workers':
      return { type }
    case 'feed':
      return { type, job: readJob(fields) }
    case 'jobs':
    case 'wait':
    case 'forget':
      return { type, selection: readSelection(fields) }
    case 'tasks':
    case 'setbacks':
    case 'results':
    case 'bytes':
    case 'live':
    case 'cancel':
    case 'retry':
    case 'drain':
    case 'explain':
      return readRequest(type, fields)
  }
}

type OtherType = Exclude<
  ClientMessage['type'],
  'submit' | 'feed' | 'inputs' | 'close' | 'jobs' | 'forget' | 'wait' | 'workers'
>

function readRequest(type: OtherType, fields: Fields): Request {
  switch (type) {
    case 'cancel':
      return {
        type,
        selection: readSelection(fields),
        tasks: fields.optional((field) => readRanges(field.list(), TASKS_MAX)),
        reason: fields.text(REASON_CHARACTERS_MAX)
      }
    case 'retry':
      return { type, selection: readSelection(fields), isFailedOnly: fields.boolean() }
    case 'drain': {
      const worker = fields.optional((field) => field.text(PEER_CHARACTERS_MAX))
      return { type, worker, isDraining: fields.boolean() }
    }
    case 'explain':
      return { type, job: readJob(fields), task: readTask(fields) }
    case 'setbacks':
      return { type, job: readJob(fields), task: readTask(fields), limit: fields.integer() }
    case 'tasks':
    case 'results':
    case 'bytes':
    case 'live':
      return readReading(type, readJob(fields), fields)
  }
}

function readReading(
  type: 'tasks' | 'results' | 'bytes' | 'live',
  job: JobId,
  fields: Fields
): Request {
  switch (type) {
    case 'tasks': {
      const [from, limit] = [fields.integer(1), fields.integer()]
      const list = fields.list()
      const states: EndState[] = []
      while (list.hasMore && states.length < END_STATES.length) states.push(list.word(END_STATES))
      return { type, job, from, limit, states }
    }
    case 'results': {
      const [place, isFollowing] = [fields.integer(), fields.boolean()]
      const [hasInputs, hasNotices] = [fields.boolean(), fields.boolean()]
      return { type, job, place, isFollowing, hasInputs, hasNotices }
    }
    case 'bytes': {
      const [task, part] = [fields.integer(1, TASKS_MAX), fields.word(PARTS)]
      return { type, job, task, part, offset: fields.integer(0, OUTPUT_BYTES_MAX) }
    }
    case 'live': {
      const [task, stream] = [fields.integer(1, TASKS_MAX), fields.word(STREAMS)]
      const offset = fields.integer(0, OUTPUT_BYTES_MAX)
      return { type, job, task, stream, offset, attempt: fields.optional((f) => f.integer(1)) }
    }
  }
}

function readTask(fields: Fields): number | undefined {
  return fields.optional((field) => field.integer(1, TASKS_MAX))
}

function readInputs(fields: Fields, payloads: PayloadReader): Uint8Array[] {
  const list = fields.list()
  const inputs: Uint8Array[] = []
  while (list.hasMore) {
    if (inputs.length === ENTRIES_MAX) throw badMessage('too long a list of inputs')
    inputs.push(payloads.readInline(list))
  }
  return inputs
}

function readSelection(fields: Fields): Selection {
  const type = fields.word(SELECTIONS)
  const ranges = readRanges(fields.list(), JOB_MAX)
  return type === 'ranges' ? { type, ranges } : { type }
}

function readRanges(list: Fields, max: number): Range[] {
  const ranges: Range[] = []
  while (list.hasMore) {
    if (ranges.length === RANGES_MAX) throw badMessage('too long a list of ranges')
    const from = list.integer(1, max)
    ranges.push([from, list.integer(from, max)])
  }
  return ranges
}
