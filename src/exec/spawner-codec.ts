/**
 * Messages between a node and its spawner as JSON and bytes: see `frames.ts`.
 */
import { assert } from '../core/assert.ts'
import type { ShellSpec } from '../core/spec.ts'
import { isInline, isSpoolFile } from './executor.ts'
import type { Output, RunEnd, SpoolFile } from './executor.ts'
import type { Packed, TakeBytes } from './frames.ts'
import type { SpawnerEvent, SpawnerRequest, TaskOrder } from './spawner-messages.ts'

/** Bytes in a message: how many; a file as it is. */
type PackedOutput = number | SpoolFile
type PackedOrder = readonly [
  run: number,
  job: number,
  task: number,
  attempt: number,
  inputBytes: number
]
type PackedEnd = readonly [
  run: number,
  outcome: RunEnd['result']['outcome'],
  reason: string,
  exitCode: number | null,
  signal: string | null,
  startedAt: number,
  runtimeMs: number,
  stdout: PackedOutput,
  stderr: PackedOutput,
  value: PackedOutput
]

type PackedRequest =
  | Exclude<SpawnerRequest, { type: 'start' }>
  | { readonly type: 'start'; readonly spec: ShellSpec; readonly tasks: readonly PackedOrder[] }

type PackedEvent =
  | Exclude<SpawnerEvent, { type: 'ended' | 'read' }>
  /** Bytes in a message: how many; null: the run has ended. */
  | { readonly type: 'read'; readonly read: number; readonly bytes: number | null }
  | { readonly type: 'ended'; readonly ends: readonly PackedEnd[] }

const NO_BYTES: readonly Uint8Array[] = []

export function packRequest(request: SpawnerRequest): Packed {
  if (request.type !== 'start') return { head: request, bytes: NO_BYTES }
  const { type, spec, tasks } = request
  const head: PackedRequest = { type, spec, tasks: tasks.map(packOrder) }
  return { head, bytes: tasks.map(({ input }) => input) }
}

export function unpackRequest(head: unknown, take: TakeBytes): SpawnerRequest {
  const request = head as PackedRequest
  if (request.type !== 'start') return request
  const { type, spec, tasks } = request
  return { type, spec, tasks: tasks.map((order) => unpackOrder(order, take)) }
}

export function packEvent(event: SpawnerEvent): Packed {
  if (event.type === 'read') {
    const { type, read, bytes } = event
    const head: PackedEvent = { type, read, bytes: bytes?.length ?? null }
    return { head, bytes: bytes === undefined ? NO_BYTES : [bytes] }
  }
  if (event.type !== 'ended') return { head: event, bytes: NO_BYTES }
  const bytes: Uint8Array[] = []
  const pack = (output: Output): PackedOutput => {
    if (isSpoolFile(output)) return output
    assert(isInline(output), 'large output of a command is in a file')
    if (output.length > 0) bytes.push(output)
    return output.length
  }
  const head: PackedEvent = { type: 'ended', ends: event.ends.map((end) => packEnd(end, pack)) }
  return { head, bytes }
}

export function unpackEvent(head: unknown, take: TakeBytes): SpawnerEvent {
  const event = head as PackedEvent
  if (event.type === 'read') {
    return { ...event, bytes: event.bytes === null ? undefined : take(event.bytes) }
  }
  if (event.type !== 'ended') return event
  return { type: 'ended', ends: event.ends.map((end) => unpackEnd(end, take)) }
}

function packOrder({ run, job, task, attempt, input }: TaskOrder): PackedOrder {
  return [run, job, task, attempt, input.length]
}

function unpackOrder([run, job, task, attempt, bytes]: PackedOrder, take: TakeBytes): TaskOrder {
  return { run, job, task, attempt, input: take(bytes) }
}

function packEnd({ run, result }: RunEnd, pack: (output: Output) => PackedOutput): PackedEnd {
  const { outcome, reason, exitCode, signal, startedAt, runtimeMs, stdout, stderr, value } = result
  return [
    ...([run, outcome, reason, exitCode ?? null, signal ?? null, startedAt, runtimeMs] as const),
    ...([pack(stdout), pack(stderr), pack(value)] as const)
  ]
}

function unpackEnd(end: PackedEnd, take: TakeBytes): RunEnd {
  const [run, outcome, reason, exitCode, signal, startedAt, runtimeMs, ...outputs] = end
  const [stdout, stderr, value] = outputs
  const unpack = (output: PackedOutput): Output =>
    typeof output === 'number' ? take(output) : output
  return {
    run,
    result: {
      outcome,
      reason,
      exitCode: exitCode ?? undefined,
      signal: signal ?? undefined,
      stdout: unpack(stdout),
      stderr: unpack(stderr),
      value: unpack(value),
      startedAt,
      runtimeMs
    }
  }
}
