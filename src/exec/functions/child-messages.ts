/**
 * What a node and a child that runs functions say to each other, as frames.
 *
 * A child is trusted as little as the code it runs: the node reads within bounds (a field beyond
 * the end of its frame throws) and believes a child nothing about any task but those it was given.
 */
import { REASON_CHARACTERS_MAX } from '../../core/limits.ts'
import type { FrameWriter } from './child-frames.ts'
import { readF64, readU32 } from './numbers.ts'

/** The descriptors of a child: its tasks, their results, the ledger. */
export const CHANNEL = { tasks: 3, results: 4, ledger: 5 } as const

export const ToChild = {
  hello: 1,
  function: 2,
  initializer: 3,
  task: 4,
  stop: 5,
  answer: 6
} as const
export const FromChild = {
  ready: 1,
  ended: 2,
  output: 3,
  skipped: 4,
  progress: 5,
  notice: 6,
  retiring: 7,
  leaving: 8,
  part: 9,
  call: 10,
  cancel: 11
} as const

/** The streams of a task's output, by their number. */
export const STREAMS = ['stdout', 'stderr', 'value'] as const
export type StreamName = (typeof STREAMS)[number]

/** No task: sequence numbers of tasks begin at 1. */
export const NO_TASK = 0

/** A function, as the child finds it. */
export interface FunctionPlace {
  /** The path of its bundle, as the child sees it. */
  readonly path: string
  readonly exportName: string
}

/** A task for a child. `seq` counts the tasks of this child. */
export interface ChildOrder {
  readonly seq: number
  /** The number of its function, defined before. */
  readonly fn: number
  readonly job: number
  readonly task: number
  readonly attempt: number
  readonly outputBytesMax: number
  /** Its result is not to wait for others. */
  readonly isUrgent: boolean
  /** It says the id of its process first of all. */
  readonly tellsPid: boolean
  readonly input: Uint8Array
}

/** How a task ended in its child. Output before this was sent on its own. */
export interface ChildEnd {
  readonly seq: number
  readonly isSuccess: boolean
  readonly startedAt: number
  /** With fractions: most functions take far less than a millisecond. */
  readonly runtimeMs: number
  readonly reason: string
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  readonly value: Uint8Array
}

/** A child ends itself; `seq` is the task that made it. */
export interface Leaving {
  readonly seq: number
  /** Undefined if it did not say so itself. */
  readonly exitCode: number | undefined
  readonly reason: string
}

const URGENT = 1
const TELLS_PID = 2
const ORDER_BYTES = 4 + 4 + 8 + 4 + 4 + 8 + 1
const END_BYTES = 4 + 1 + 8 + 8 + 4 + 4 + 4
/** A character takes three bytes at most. */
const REASON_BYTES_MAX = 3 * REASON_CHARACTERS_MAX
const NOTHING = new Uint8Array(0)

/** `pid` is the child's, as its machine sees it: in a sandbox it counts anew. */
export function writeHello(out: FrameWriter, pid: number): void {
  out.begin(ToChild.hello, 4)
  out.u32(pid)
}

export function writeFunction(out: FrameWriter, fn: number, place: FunctionPlace): void {
  const json = Buffer.from(JSON.stringify(place))
  out.begin(ToChild.function, 4 + json.length)
  out.u32(fn)
  out.bytes(json)
}

/** The function to call once, with these arguments, before the first task. */
export function writeInitializer(out: FrameWriter, fn: number, input: Uint8Array): void {
  out.begin(ToChild.initializer, 4 + input.length)
  out.u32(fn)
  out.bytes(input)
}

export function writeTask(out: FrameWriter, order: ChildOrder): void {
  out.begin(ToChild.task, ORDER_BYTES + order.input.length)
  out.u32(order.seq)
  out.u32(order.fn)
  out.f64(order.job)
  out.u32(order.task)
  out.u32(order.attempt)
  out.f64(order.outputBytesMax)
  out.u8((order.isUrgent ? URGENT : 0) | (order.tellsPid ? TELLS_PID : 0))
  out.bytes(order.input)
}

export function writeStop(out: FrameWriter, seq: number): void {
  out.begin(ToChild.stop, 4)
  out.u32(seq)
}

export function readHello(frame: Buffer): number {
  return readU32(frame, 1)
}

export function readFunction(frame: Buffer): { fn: number; place: FunctionPlace } {
  const place = JSON.parse(frame.toString('utf8', 5)) as FunctionPlace
  return { fn: readU32(frame, 1), place }
}

export function readInitializer(frame: Buffer): { fn: number; input: Uint8Array } {
  return { fn: readU32(frame, 1), input: frame.subarray(5) }
}

export function readTask(frame: Buffer): ChildOrder {
  const flags = frame[33] ?? 0
  return {
    seq: readU32(frame, 1),
    fn: readU32(frame, 5),
    job: readF64(frame, 9),
    task: readU32(frame, 17),
    attempt: readU32(frame, 21),
    outputBytesMax: readF64(frame, 25),
    isUrgent: (flags & URGENT) !== 0,
    tellsPid: (flags & TELLS_PID) !== 0,
    input: frame.subarray(1 + ORDER_BYTES)
  }
}

/** Reads the task that a stop, a skip, output or progress is about. */
export function readSeq(frame: Buffer): number {
  return readU32(frame, 1)
}

export function writeReady(out: FrameWriter): void {
  out.begin(FromChild.ready, 0)
}

export function writeEnd(out: FrameWriter, end: ChildEnd): void {
  const { stdout, stderr, value } = end
  const reason = end.reason === '' ? NOTHING : Buffer.from(end.reason)
  const bytes = reason.length + stdout.length + stderr.length + value.length
  out.begin(FromChild.ended, END_BYTES + bytes)
  out.u32(end.seq)
  out.u8(end.isSuccess ? 1 : 0)
  out.f64(end.startedAt)
  out.f64(end.runtimeMs)
  out.u32(reason.length)
  out.u32(stdout.length)
  out.u32(stderr.length)
  for (const each of [reason, stdout, stderr, value]) if (each.length > 0) out.bytes(each)
}

export function writeOutput(
  out: FrameWriter,
  seq: number,
  stream: number,
  bytes: Uint8Array
): void {
  out.begin(FromChild.output, 5 + bytes.length)
  out.u32(seq)
  out.u8(stream)
  out.bytes(bytes)
}

export function writeSkipped(out: FrameWriter, seq: number): void {
  out.begin(FromChild.skipped, 4)
  out.u32(seq)
}

export function writeProgress(out: FrameWriter, seq: number, value: Uint8Array): void {
  out.begin(FromChild.progress, 4 + value.length)
  out.u32(seq)
  out.bytes(value)
}

export function writeNotice(out: FrameWriter, text: string): void {
  const bytes = Buffer.from(text)
  out.begin(FromChild.notice, bytes.length)
  out.bytes(bytes)
}

/** The child asks to be replaced once it has done what it has. */
export function writeRetiring(out: FrameWriter): void {
  out.begin(FromChild.retiring, 0)
}

export function writeLeaving(out: FrameWriter, { seq, exitCode, reason }: Leaving): void {
  const bytes = Buffer.from(reason)
  out.begin(FromChild.leaving, 8 + bytes.length)
  out.u32(seq)
  out.u32(exitCode ?? 0)
  out.bytes(bytes)
}

/** The bytes are views of the frame. */
export function readEnd(frame: Buffer): ChildEnd {
  const reasonStart = 1 + END_BYTES
  const stdoutStart = reasonStart + readU32(frame, 22)
  const stderrStart = stdoutStart + readU32(frame, 26)
  const valueStart = stderrStart + readU32(frame, 30)
  if (valueStart > frame.length) throw new RangeError('an end longer than its frame')
  return {
    seq: readU32(frame, 1),
    isSuccess: frame[5] === 1,
    startedAt: readTime(frame, 6),
    runtimeMs: readTime(frame, 14),
    reason: readReason(frame, reasonStart, stdoutStart),
    stdout: partOf(frame, stdoutStart, stderrStart),
    stderr: partOf(frame, stderrStart, valueStart),
    value: partOf(frame, valueStart, frame.length)
  }
}

export function readOutput(frame: Buffer): { seq: number; stream: number; bytes: Uint8Array } {
  return { seq: readU32(frame, 1), stream: frame.readUInt8(5), bytes: frame.subarray(6) }
}

/** The value is a view of the frame. */
export function readProgress(frame: Buffer): { seq: number; value: Uint8Array } {
  return { seq: readU32(frame, 1), value: frame.subarray(5) }
}

export function readNotice(frame: Buffer): string {
  return readReason(frame, 1, frame.length)
}

export function readLeaving(frame: Buffer): Leaving {
  return {
    seq: readU32(frame, 1),
    exitCode: readU32(frame, 5) & 0xff,
    reason: readReason(frame, 9, frame.length)
  }
}

/** Most have none of some. */
function partOf(frame: Buffer, start: number, end: number): Uint8Array {
  return start === end ? NOTHING : frame.subarray(start, end)
}

/** No time is what the master could not read either. */
function readTime(frame: Buffer, at: number): number {
  const time = readF64(frame, at)
  return time >= 0 && time <= Number.MAX_SAFE_INTEGER ? time : 0
}

/** One line of a bounded length, whatever a child sends. */
function readReason(frame: Buffer, start: number, end: number): string {
  if (start === end) return ''
  const text = frame.toString('utf8', start, Math.min(end, start + REASON_BYTES_MAX))
  return text.replace(/\s+/g, ' ')
}
