/**
 * Calls and answers of a manager's session as lists of fields, with their values as payloads.
 *
 *     call    [handle, operation, timeout or nil, sizes, argument...]
 *     answer  [number of the call, status, sizes, argument...]
 *
 * `sizes` are those of the values: nil for none, a number for one, a list for several.
 */
import { ARG_CHARACTERS_MAX, CALL_ARGS_MAX, CALL_VALUES_MAX } from '../core/limits.ts'
import { OPS, STATUSES } from '../core/manager/calls.ts'
import type { Answer, Arg, Call, Op, Status } from '../core/manager/calls.ts'
import { badMessage } from './bad-message.ts'
import { Fields } from './codec.ts'
import type { Field } from './message-pack-writer.ts'
import type { PayloadReader } from './payload.ts'

const OP_NUMBERS = new Map<Op, number>(OPS.map((op, number) => [op, number]))
const STATUS_NUMBERS = new Map<Status, number>(STATUSES.map((status, number) => [status, number]))

/** Most have none, and share them. */
const NO_ARGS: readonly Arg[] = []
const NO_VALUES: readonly Uint8Array[] = []

export function callFields(
  { handle, op, timeoutMs, args, values }: Call,
  payloads: Uint8Array[]
): Field[] {
  return [handle, OP_NUMBERS.get(op), timeoutMs, sizesOf(values, payloads), ...args]
}

export function answerFields(
  { request, status, args, values }: Answer,
  payloads: Uint8Array[]
): Field[] {
  return [request, STATUS_NUMBERS.get(status), sizesOf(values, payloads), ...args]
}

export function readCall(fields: Fields, payloads: PayloadReader): Call {
  return {
    handle: fields.integer(),
    op: fields.word(OPS),
    timeoutMs: fields.optional((field) => field.integer()),
    values: readValues(fields, payloads),
    args: readArgs(fields)
  }
}

export function readAnswer(fields: Fields, payloads: PayloadReader): Answer {
  return {
    request: fields.integer(1),
    status: fields.word(STATUSES),
    values: readValues(fields, payloads),
    args: readArgs(fields)
  }
}

function sizesOf(values: readonly Uint8Array[], payloads: Uint8Array[]): Field {
  for (const value of values) if (value.length > 0) payloads.push(value)
  if (values.length === 0) return null
  return values.length === 1 ? values[0]?.length : values.map(({ length }) => length)
}

function readValues(fields: Fields, payloads: PayloadReader): readonly Uint8Array[] {
  if (!fields.isList) {
    const value = fields.optional((field) => payloads.readInline(field, Infinity))
    return value === undefined ? NO_VALUES : [value]
  }
  const sizes = fields.list()
  const values: Uint8Array[] = []
  while (sizes.hasMore) {
    values.push(payloads.readInline(sizes, Infinity))
    if (values.length > CALL_VALUES_MAX) throw badMessage('a list of too many values')
  }
  return values
}

function readArgs(fields: Fields): readonly Arg[] {
  let args: Arg[] | undefined
  while (fields.hasMore) {
    args ??= []
    args.push(fields.scalar(ARG_CHARACTERS_MAX))
    if (args.length > CALL_ARGS_MAX) throw badMessage('a list of too many arguments')
  }
  return args ?? NO_ARGS
}
