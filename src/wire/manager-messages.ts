/**
 * What clients and managers of shared objects say, as bytes. Types 1 to 31 are a client's.
 *
 * The payload of a message that is too large for a frame comes before it, in parts.
 */
import { concat } from 'uint8arrays/concat'
import {
  ENTRIES_MAX,
  FRAME_BYTES_TARGET,
  ITEM_BYTES_MAX,
  NAME_CHARACTERS_MAX,
  SNAPSHOT_BYTES_MAX
} from '../core/limits.ts'
import { REFUSALS } from '../core/manager/messages.ts'
import type { ClientMessage, ManagerMessage } from '../core/manager/messages.ts'
import { answerFields, callFields, readAnswer, readCall } from './calls.ts'
import { badMessage } from './bad-message.ts'
import { decodeHead } from './codec.ts'
import { messagesOf } from './frame.ts'
import type { RawMessage, ReceivedMessage } from './frame.ts'
import { PayloadReader } from './payload.ts'

const OPEN = 1
const CALLS = 2
const RENEWAL = 3
const BYE = 4
const OPENED = 33
const REFUSED = 34
const ANSWERS = 35
const RENEWED = 36
/** In both directions. */
const PART = 64

const BOOT_CHARACTERS_MAX = 128
/** The most that stands behind one head; the rest of it comes before, in parts of this size. */
const PART_BYTES = 4 * FRAME_BYTES_TARGET
/** A value in parts, or a snapshot of many, which may be too long by its last value. */
const PARTS_BYTES_MAX = SNAPSHOT_BYTES_MAX + 2 * ITEM_BYTES_MAX

/** How one end of a session with a manager writes and reads. It remembers parts: one per session. */
export interface ManagerSessionCodec<Out, In> {
  encode(message: Out): RawMessage[]
  /** The messages of a frame's body that this version knows. Throws BAD_MESSAGE. */
  decode(body: Uint8Array): In[]
}

/** The end of a client. */
export function clientEnd(): ManagerSessionCodec<ClientMessage, ManagerMessage> {
  const parts = new Parts()
  return {
    encode: (message) => inParts(encodeClientMessage(message)),
    decode: (body) => decodeAll(body, parts, decodeManagerMessage)
  }
}

/** The end of a manager. */
export function managerEnd(): ManagerSessionCodec<ManagerMessage, ClientMessage> {
  const parts = new Parts()
  return {
    encode: (message) => inParts(encodeManagerMessage(message)),
    decode: (body) => decodeAll(body, parts, decodeClientMessage)
  }
}

export function encodeClientMessage(message: ClientMessage): RawMessage {
  switch (message.type) {
    case 'open': {
      const { client, name, manager, epoch, answers } = message
      return { type: OPEN, fields: [client, name, manager, epoch, answers], payloads: [] }
    }
    case 'calls': {
      const payloads: Uint8Array[] = []
      const calls = message.calls.map((call) => callFields(call, payloads))
      return { type: CALLS, fields: [message.first, message.answers, calls], payloads }
    }
    case 'renewal':
      return { type: RENEWAL, fields: [message.answers], payloads: [] }
    case 'bye':
      return { type: BYE, fields: [], payloads: [] }
  }
}

export function encodeManagerMessage(message: ManagerMessage): RawMessage {
  switch (message.type) {
    case 'opened': {
      const { epoch, leaseMs, calls } = message
      return { type: OPENED, fields: [epoch, leaseMs, calls], payloads: [] }
    }
    case 'refused':
      return { type: REFUSED, fields: [REFUSALS.indexOf(message.reason)], payloads: [] }
    case 'answers': {
      const payloads: Uint8Array[] = []
      const answers = message.answers.map((answer) => answerFields(answer, payloads))
      return { type: ANSWERS, fields: [message.first, answers], payloads }
    }
    case 'renewed':
      return { type: RENEWED, fields: [message.calls], payloads: [] }
  }
}

function decodeClientMessage(
  type: number,
  head: Uint8Array,
  payload: Uint8Array
): ClientMessage | undefined {
  if (type < OPEN || type > BYE) return undefined
  const fields = decodeHead(head)
  switch (type) {
    case OPEN:
      return {
        type: 'open',
        client: fields.text(BOOT_CHARACTERS_MAX),
        name: fields.text(NAME_CHARACTERS_MAX),
        manager: fields.text(NAME_CHARACTERS_MAX),
        epoch: fields.optional((field) => field.text(NAME_CHARACTERS_MAX)),
        answers: fields.integer()
      }
    case CALLS: {
      const payloads = new PayloadReader(payload)
      const first = fields.integer(1)
      const answers = fields.integer()
      const calls = fields.lists(ENTRIES_MAX, (entry) => readCall(entry, payloads))
      return { type: 'calls', first, answers, calls }
    }
    case RENEWAL:
      return { type: 'renewal', answers: fields.integer() }
    default:
      return { type: 'bye' }
  }
}

function decodeManagerMessage(
  type: number,
  head: Uint8Array,
  payload: Uint8Array
): ManagerMessage | undefined {
  if (type < OPENED || type > RENEWED) return undefined
  const fields = decodeHead(head)
  switch (type) {
    case OPENED:
      return {
        type: 'opened',
        epoch: fields.text(NAME_CHARACTERS_MAX),
        leaseMs: fields.integer(1),
        calls: fields.integer()
      }
    case REFUSED:
      return { type: 'refused', reason: fields.word(REFUSALS) }
    case ANSWERS: {
      const payloads = new PayloadReader(payload)
      const first = fields.integer(1)
      const answers = fields.lists(ENTRIES_MAX, (entry) => readAnswer(entry, payloads))
      return { type: 'answers', first, answers }
    }
    default:
      return { type: 'renewed', calls: fields.integer() }
  }
}

function decodeAll<In>(
  body: Uint8Array,
  parts: Parts,
  decode: (type: number, head: Uint8Array, payload: Uint8Array) => In | undefined
): In[] {
  const messages: In[] = []
  for (const received of messagesOf(body)) {
    if (received.type === PART) {
      parts.add(received)
      continue
    }
    const payload = parts.takeWith(received.payload)
    const message = decode(received.type, received.head, payload)
    if (message !== undefined) messages.push(message)
  }
  return messages
}

/** A message, and before it what would not fit behind its head. */
function inParts(message: RawMessage): RawMessage[] {
  const bytes = message.payloads.reduce((sum, { length }) => sum + length, 0)
  if (bytes <= PART_BYTES) return [message]
  const whole = concat([...message.payloads], bytes)
  const messages: RawMessage[] = []
  for (let at = 0; at < bytes; at += PART_BYTES) {
    messages.push({ type: PART, fields: [], payloads: [whole.subarray(at, at + PART_BYTES)] })
  }
  return [...messages, { ...message, payloads: [] }]
}

/** Puts the parts of a payload together. */
class Parts {
  #chunks: Uint8Array[] = []
  #bytes = 0

  add({ payload }: ReceivedMessage): void {
    this.#chunks.push(payload)
    this.#bytes += payload.length
    // Each chunk keeps its frame: many small ones would be more than their bytes.
    const isFine = this.#bytes <= PARTS_BYTES_MAX && payload.length > 0
    if (!isFine || this.#chunks.length > PARTS_BYTES_MAX / PART_BYTES + 1) {
      throw badMessage('a value in parts that are too many')
    }
  }

  /** The payload with what came before it. */
  takeWith(payload: Uint8Array): Uint8Array {
    if (this.#chunks.length === 0) return payload
    const whole = concat([...this.#chunks, payload])
    this.#chunks = []
    this.#bytes = 0
    return whole
  }
}
