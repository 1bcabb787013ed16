/**
 * What a node answers, as bytes. Types 35 to 63; see `views.ts` for what stands in them.
 */
import type { ErrorCode } from '../core/errors.ts'
import { CHUNK_BYTES, OUTPUT_BYTES_MAX, REASON_CHARACTERS_MAX, TASKS_MAX } from '../core/limits.ts'
import { readJob } from '../wire/attempts.ts'
import { decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import type { RawMessage, ReceivedMessage } from '../wire/frame.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import { PayloadReader, PayloadWriter } from '../wire/payload.ts'
import { OVER_REASONS } from './messages.ts'
import type { Explanation, NodeMessage } from './messages.ts'
import { noticeFields, readNotice } from './notices.ts'
import * as views from './views.ts'

/** By their place, from 35 on; 33 and 34 are the answers to the hello. */
const TYPES = [
  ...['done', 'error', 'fed', 'job', 'task', 'setback', 'result', 'notice', 'chunk', 'piece'],
  ...['over', 'change', 'worker', 'reason']
] as readonly NodeMessage['type'][]
const FIRST_TYPE = 35

const CODE_CHARACTERS_MAX = 32

export function encodeAnswer(message: NodeMessage): RawMessage {
  const writer = new PayloadWriter()
  const fields = fieldsOf(message, writer)
  return { type: TYPES.indexOf(message.type) + FIRST_TYPE, fields, payloads: writer.payloads }
}

function fieldsOf(message: NodeMessage, writer: PayloadWriter): Field[] {
  switch (message.type) {
    case 'done':
      return []
    case 'error':
      return [message.code, message.message.slice(0, REASON_CHARACTERS_MAX)]
    case 'fed':
      return [message.job, message.tasks, message.waiting]
    case 'job':
      return views.jobFields(message.job)
    case 'task':
      return views.taskFields(message.task, writer)
    case 'setback':
      return views.setbackFields(message.setback)
    case 'result':
      return views.resultViewFields(message.result, writer)
    case 'notice':
      return noticeFields(message.notice)
    case 'chunk':
      return [writer.field(message.bytes)]
    case 'piece':
      return [message.attempt, message.offset, writer.field(message.bytes)]
    case 'over':
      return [OVER_REASONS.indexOf(message.why), message.attempt, message.offset]
    case 'change':
      return views.changeFields(message.change)
    case 'worker':
      return views.workerFields(message.worker)
    case 'reason':
      return [message.reason.code, message.reason.text.slice(0, REASON_CHARACTERS_MAX)]
  }
}

/** Reads what a node answers; undefined for a type that this version does not know. */
export function decodeAnswer(received: ReceivedMessage): NodeMessage | undefined {
  const type = TYPES[received.type - FIRST_TYPE]
  if (type === undefined) return undefined
  const fields = decodeHead(received.head)
  const payloads = new PayloadReader(received.payload)
  switch (type) {
    case 'done':
      return { type }
    case 'error':
      // A later version may have codes that this one does not know; they are as good as text.
      return {
        type,
        code: fields.text(CODE_CHARACTERS_MAX) as ErrorCode,
        message: fields.text(REASON_CHARACTERS_MAX)
      }
    case 'fed': {
      const [job, tasks, waiting] = [readJob(fields), readCount(fields), readCount(fields)]
      return { type, job, tasks, waiting }
    }
    case 'job':
      return { type, job: views.readJobView(fields) }
    case 'task':
      return { type, task: views.readTaskView(fields, payloads) }
    case 'setback':
      return { type, setback: views.readSetbackView(fields) }
    case 'result':
      return { type, result: views.readResultView(fields, payloads) }
    case 'change':
      return { type, change: views.readChange(fields) }
    case 'worker':
      return { type, worker: views.readWorker(fields) }
    case 'reason':
      return { type, reason: readExplanation(fields) }
    case 'notice':
      return { type, notice: readNotice(fields) }
    case 'chunk':
    case 'piece':
    case 'over':
      return readOutput(type, fields, payloads)
  }
}

function readOutput(
  type: 'chunk' | 'piece' | 'over',
  fields: Fields,
  payloads: PayloadReader
): NodeMessage {
  if (type === 'chunk') return { type, bytes: payloads.readInline(fields) }
  if (type === 'over') {
    const why = fields.word(OVER_REASONS)
    const attempt = fields.optional((field) => field.integer(1))
    return { type, why, attempt, offset: fields.integer(0, OUTPUT_BYTES_MAX) }
  }
  const [attempt, offset] = [fields.integer(1), fields.integer(0, OUTPUT_BYTES_MAX)]
  return { type, attempt, offset, bytes: payloads.readInline(fields) }
}

function readExplanation(fields: Fields): Explanation {
  return { code: fields.text(CODE_CHARACTERS_MAX), text: fields.text(REASON_CHARACTERS_MAX) }
}

function readCount(fields: Fields): number {
  return fields.integer(0, TASKS_MAX)
}

/** Parts of bytes that one message holds. */
export function* inChunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    yield bytes.subarray(from, from + CHUNK_BYTES)
  }
}
