/**
 * Rows of a durable manager as bytes, and back.
 */
import {
  ARG_CHARACTERS_MAX,
  CALL_ARGS_MAX,
  CALL_VALUES_MAX,
  ITEM_BYTES_MAX
} from '../core/limits.ts'
import { OPS, STATUSES } from '../core/manager/calls.ts'
import type { Arg } from '../core/manager/calls.ts'
import type { Row } from '../core/manager/ledger.ts'
import type { NodeId } from '../core/types.ts'
import { decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import { encodeHead } from '../wire/message-pack-writer.ts'
import type { Field } from '../wire/message-pack-writer.ts'

/** Written as places in these lists: they only grow. */
const TYPES = ['queue', 'item', 'client', 'handle', 'lease', 'wait', 'progress', 'answer'] as const
const QUEUES = ['queue', 'joinableQueue'] as const

/** Longer than any name that a client may have. */
const TEXT_MAX = 4_096

type RowOf<Type extends Row['type']> = Extract<Row, { type: Type }>

export function encodeRow(row: Row): Uint8Array {
  // A copy: the encoder uses its buffer again.
  return encodeHead([TYPES.indexOf(row.type), ...fieldsOf(row)]).slice()
}

function fieldsOf(row: Row): readonly Field[] {
  switch (row.type) {
    case 'queue':
      return [QUEUES.indexOf(row.kind), row.name, row.maxsize, row.unfinished]
    case 'item':
      return [row.queue, row.value]
    case 'client':
      return [row.key, row.peer, row.name, row.received, row.answered]
    case 'handle':
      return [row.client, row.handle, row.owner, row.queue]
    case 'lease':
      return [row.client, row.item]
    case 'wait': {
      const { handle, op, timeoutMs, args, values } = row.call
      return [row.client, row.request, handle, OPS.indexOf(op), timeoutMs, args, values]
    }
    case 'progress':
      return [row.wait, row.done]
    case 'answer': {
      const { request, status, args, values } = row.answer
      return [row.client, request, STATUSES.indexOf(status), args, values]
    }
  }
}

/** Throws BAD_MESSAGE for what `encodeRow` did not write. */
export function decodeRow(bytes: Uint8Array): Row {
  const fields = decodeHead(bytes)
  return READERS[fields.word(TYPES)](fields)
}

const READERS: { readonly [Type in Row['type']]: (fields: Fields) => RowOf<Type> } = {
  queue: (fields) => ({
    type: 'queue',
    kind: fields.word(QUEUES),
    name: fields.text(TEXT_MAX),
    maxsize: fields.integer(),
    unfinished: fields.integer()
  }),
  item: (fields) => ({
    type: 'item',
    queue: fields.integer(1),
    value: fields.bytes(ITEM_BYTES_MAX)
  }),
  client: (fields) => ({
    type: 'client',
    key: fields.text(TEXT_MAX),
    peer: fields.text(TEXT_MAX) as NodeId,
    name: fields.text(TEXT_MAX),
    received: fields.integer(),
    answered: fields.integer()
  }),
  handle: (fields) => ({
    type: 'handle',
    client: fields.integer(1),
    handle: fields.integer(),
    owner: fields.integer(),
    queue: fields.integer()
  }),
  lease: (fields) => ({ type: 'lease', client: fields.integer(1), item: fields.integer(1) }),
  wait: (fields) => {
    const [client, request] = [fields.integer(1), fields.integer(1)]
    const handle = fields.integer()
    const op = fields.word(OPS)
    const timeoutMs = fields.optional((field) => field.integer())
    const call = { handle, op, timeoutMs, args: readArgs(fields), values: readValues(fields) }
    return { type: 'wait', client, request, call }
  },
  progress: (fields) => ({ type: 'progress', wait: fields.integer(1), done: fields.integer() }),
  answer: (fields) => {
    const [client, request] = [fields.integer(1), fields.integer(1)]
    const status = fields.word(STATUSES)
    const answer = { request, status, args: readArgs(fields), values: readValues(fields) }
    return { type: 'answer', client, answer }
  }
}

function readArgs(fields: Fields): Arg[] {
  const list = fields.list()
  const args: Arg[] = []
  while (list.hasMore && args.length <= ARGS_MAX) args.push(list.scalar(ARG_CHARACTERS_MAX))
  return args
}

/** Answers to many have a number for each. */
const ARGS_MAX = Math.max(CALL_ARGS_MAX, CALL_VALUES_MAX)

function readValues(fields: Fields): Uint8Array[] {
  const list = fields.list()
  const values: Uint8Array[] = []
  while (list.hasMore) values.push(list.bytes(Infinity))
  return values
}
