/**
 * A result as people or programs read it.
 */
import { payloadBytes } from '../../core/types.ts'
import type { Payload } from '../../core/types.ts'
import { firstBytes, jsonPieces } from '../json-outputs.ts'
import { bytesField, escapeText } from '../output.ts'
import type { Settled } from './printer.ts'

type Read = (payload: Payload) => AsyncIterable<Uint8Array>

/** The `result` event, in pieces: everything about a task that has ended. */
export async function resultEvent(settled: Settled, read: Read): Promise<Iterable<string>> {
  const { task, attempt, state, worker, name, result, input } = settled
  const stdout = await firstBytes(read(result.stdout))
  const stderr = await firstBytes(read(result.stderr))
  const head = {
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
    ...sizeField('stdoutBytes', result.stdout, stdout),
    ...sizeField('stderrBytes', result.stderr, stderr),
    startedAt: new Date(result.startedAt).toISOString(),
    runtimeMs: result.runtimeMs
  }
  return jsonPieces(head, { stdout, stderr })
}

/** How much there was, where not all of it is in the line. */
function sizeField(
  name: string,
  payload: Payload,
  kept: Uint8Array
): Readonly<Record<string, number>> {
  const bytes = payloadBytes(payload)
  return bytes > kept.length ? { [name]: bytes } : {}
}

/** What is said about a task that did not succeed, beside its own output. */
export function failureLine(settled: Settled): string {
  const { task, state, name, result } = settled
  const where = name === '' ? '' : ` on ${escapeText(name)}`
  return `p2pjobs: task ${task} ${state}${where}: ${escapeText(result.reason)}\n`
}
