/**
 * A result as people or programs read it.
 */
import type { Payload } from '../../core/types.ts'
import { bytesField, escapeText, jsonLine } from '../output.ts'
import type { Settled } from './printer.ts'

/** The most of an output that one line of JSON holds; Node has no longer strings than 512 MiB. */
const JSON_OUTPUT_BYTES_MAX = 64 * 1024 * 1024

type Read = (payload: Payload) => AsyncIterable<Uint8Array>

/** The `result` event: everything about a task that has ended. */
export async function resultEvent(settled: Settled, read: Read): Promise<string> {
  const { task, attempt, state, worker, name, result, input } = settled
  return jsonLine({
    event: 'result',
    task,
    attempt,
    state,
    worker: worker ?? null,
    name,
    ...bytesField('input', input),
    outcome: result.outcome,
    reason: result.reason,
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
    ...(await outputFields('stdout', result.stdout, read)),
    ...(await outputFields('stderr', result.stderr, read)),
    startedAt: new Date(result.startedAt).toISOString(),
    runtimeMs: result.runtimeMs
  })
}

async function outputFields(
  name: string,
  payload: Payload,
  read: Read
): Promise<Readonly<Record<string, unknown>>> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  let kept = 0
  for await (const chunk of read(payload)) {
    bytes += chunk.length
    const part = chunk.subarray(0, JSON_OUTPUT_BYTES_MAX - kept)
    kept += part.length
    if (part.length > 0) chunks.push(part)
  }
  const fields = bytesField(name, Buffer.concat(chunks))
  return kept === bytes ? fields : { ...fields, [`${name}Bytes`]: bytes }
}

/** What is said about a task that did not succeed, beside its own output. */
export function failureLine(settled: Settled): string {
  const { task, state, name, result } = settled
  const where = name === '' ? '' : ` on ${escapeText(name)}`
  return `p2pjobs: task ${task} ${state}${where}: ${escapeText(result.reason)}\n`
}
