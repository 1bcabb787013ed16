/**
 * What a child and its node say of the objects of managers: calls of its tasks, and their answers.
 *
 * The payload of a call (its head as JSON, its values behind it) that is too large for a frame comes
 * before it, in parts.
 */
import {
  ARG_CHARACTERS_MAX,
  CALL_ARGS_MAX,
  CALL_VALUES_MAX,
  INLINE_BYTES_MAX,
  NAME_CHARACTERS_MAX
} from '../../core/limits.ts'
import { OPS, STATUSES } from '../../core/manager/calls.ts'
import type { Answer, Arg, Call } from '../../core/manager/calls.ts'
import type { FrameWriter } from './child-frames.ts'
import { FromChild, ToChild } from './child-messages.ts'
import { readU32 } from './numbers.ts'

const CALL_BYTES = 12
const ANSWER_BYTES = 9

/** A call of a task; `request` is its number among the calls of its process. */
export interface TaskCall {
  readonly seq: number
  readonly request: number
  readonly manager: string
  readonly call: Call
}

/** Why a call gets no answer. */
export interface CallError {
  readonly code: string
  readonly message: string
}

export function writeCall(out: FrameWriter, { seq, request, manager, call }: TaskCall): void {
  const { handle, op, timeoutMs = null, args, values } = call
  const sizes = values.map(({ length }) => length)
  const head = Buffer.from(
    JSON.stringify([manager, handle, OPS.indexOf(op), timeoutMs, args, sizes])
  )
  let payload: Uint8Array = Buffer.concat([head, ...values])
  while (payload.length > INLINE_BYTES_MAX) {
    out.begin(FromChild.part, INLINE_BYTES_MAX)
    out.bytes(payload.subarray(0, INLINE_BYTES_MAX))
    payload = payload.subarray(INLINE_BYTES_MAX)
  }
  out.begin(FromChild.call, CALL_BYTES + payload.length)
  out.u32(seq)
  out.u32(request)
  out.u32(head.length)
  out.bytes(payload)
}

/** Whose call a frame is, and how long the head of its payload is. */
export function readCallStart(frame: Buffer): { seq: number; request: number; headBytes: number } {
  return {
    seq: readU32(frame, 1),
    request: readU32(frame, 5),
    headBytes: readU32(frame, 9)
  }
}

/** The payload of a call that stands in its own frame. */
export function payloadOf(frame: Buffer): Buffer {
  return frame.subarray(1 + CALL_BYTES)
}

/** A call, whose values are views of the payload. Throws for what is none. */
export function readCall(payload: Buffer, headBytes: number): { manager: string; call: Call } {
  const head: unknown = JSON.parse(payload.toString('utf8', 0, headBytes))
  const [manager, handle, op, timeoutMs, args, sizes] = listOf(head, 6)
  if (typeof manager !== 'string' || manager === '' || manager.length > NAME_CHARACTERS_MAX) {
    throw new RangeError('a call to no manager')
  }
  const name = OPS[numberOf(op)]
  // Waits are ended by a message of their own.
  if (name === undefined || name === 'cancel') throw new RangeError('a call of nothing')
  const call: Call = {
    handle: numberOf(handle),
    op: name,
    timeoutMs: timeoutMs === null ? undefined : numberOf(timeoutMs),
    args: listOf(args, CALL_ARGS_MAX).map(argOf),
    values: valuesOf(payload, headBytes, listOf(sizes, CALL_VALUES_MAX))
  }
  return { manager, call }
}

export function writeCancel(out: FrameWriter, seq: number, request: number): void {
  out.begin(FromChild.cancel, 8)
  out.u32(seq)
  out.u32(request)
}

export function readCancel(frame: Buffer): { seq: number; request: number } {
  return { seq: readU32(frame, 1), request: readU32(frame, 5) }
}

export function writeAnswer(out: FrameWriter, request: number, answer: Answer): void {
  const { status, args, values } = answer
  const sizes = values.map(({ length }) => length)
  writeReply(out, request, true, [STATUSES.indexOf(status), args, sizes], values)
}

export function writeCallError(out: FrameWriter, request: number, error: CallError): void {
  writeReply(out, request, false, [error.code, error.message], [])
}

/** An answer, whose values are views of the frame; or why there is none. */
export function readAnswer(frame: Buffer): { request: number; answer: Answer | CallError } {
  const request = readU32(frame, 1)
  const start = 1 + ANSWER_BYTES
  const end = start + readU32(frame, 6)
  const head: unknown = JSON.parse(frame.toString('utf8', start, end))
  if (frame[5] === 0) {
    const [code, message] = listOf(head, 2)
    return { request, answer: { code: String(code), message: String(message) } }
  }
  const [status, args, sizes] = listOf(head, 3)
  const answer: Answer = {
    request,
    status: STATUSES[numberOf(status)] ?? 'badCall',
    args: listOf(args, CALL_ARGS_MAX).map(argOf),
    values: valuesOf(frame, end, listOf(sizes, Infinity))
  }
  return { request, answer }
}

function writeReply(
  out: FrameWriter,
  request: number,
  isAnswer: boolean,
  fields: readonly unknown[],
  values: readonly Uint8Array[]
): void {
  const head = Buffer.from(JSON.stringify(fields))
  const bytes = values.reduce((sum, { length }) => sum + length, 0)
  out.begin(ToChild.answer, ANSWER_BYTES + head.length + bytes)
  out.u32(request)
  out.u8(isAnswer ? 1 : 0)
  out.u32(head.length)
  for (const each of [head, ...values]) out.bytes(each)
}

function valuesOf(bytes: Buffer, start: number, sizes: readonly unknown[]): Uint8Array[] {
  let at = start
  const values = sizes.map((size) => {
    const from = at
    at += numberOf(size)
    return bytes.subarray(from, at)
  })
  if (at !== bytes.length) throw new RangeError('values of another length than they say')
  return values
}

function listOf(value: unknown, lengthMax: number): readonly unknown[] {
  if (Array.isArray(value) && value.length <= lengthMax) return value
  throw new RangeError('something else than a list of a bounded length')
}

function numberOf(value: unknown): number {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return Number(value)
  throw new RangeError('something else than a number')
}

function argOf(value: unknown): Arg {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return value
  if (typeof value === 'string' && value.length <= ARG_CHARACTERS_MAX) return value
  throw new RangeError('something else than an argument')
}
