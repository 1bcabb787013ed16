/**
 * From how a child died to how the task ended that it was at.
 */
import { constants } from 'node:os'
import type { FunctionSpec } from '../../core/spec.ts'
import type { Verdict } from '../verdict.ts'
import type { Leaving } from './child-messages.ts'
import type { Death } from './launcher-messages.ts'

/** How a sandbox passes on that its process was ended by a signal. */
const SIGNAL_BASE = 128
const SIGNAL_MAX = 64
const REASON_CHARACTERS_MAX = 400
const HEAP_IS_FULL = /out of memory/i
/** Lines that say why, among stacks and traces. */
const TELLING = /^(#\s*)?(fatal|[a-z]*error\b)/i

/** The end of a task whose process died under it. */
export function crash(
  death: Death,
  leaving: Leaving | undefined,
  isSandboxed: boolean,
  { memoryBytesMax }: FunctionSpec
): Verdict {
  if (leaving !== undefined) {
    const { exitCode, reason } = leaving
    return { outcome: 'crash', reason, exitCode, signal: undefined }
  }
  const reason = causeOf(death, isSandboxed, memoryBytesMax)
  return { outcome: 'crash', reason, ...endOf(death, isSandboxed) }
}

/** Why a process ended, in one line; with its last words where they say why. */
export function causeOf(
  death: Death,
  isSandboxed: boolean,
  memoryBytesMax: number | undefined
): string {
  const { lastWords, isOverMemory } = death
  if (memoryBytesMax !== undefined && (isOverMemory || HEAP_IS_FULL.test(lastWords))) {
    return `used more than its ${memoryBytesMax} bytes of memory`
  }
  const { exitCode, signal } = endOf(death, isSandboxed)
  const lines = lastWords.split('\n').map((line) => line.trim())
  const telling = lines.findLast((line) => TELLING.test(line))
  if (signal !== undefined) return oneLine(`its process was killed by ${signal}`, telling)
  const how = `its process ended with exit status ${exitCode ?? 'unknown'}`
  return oneLine(how, telling ?? lines.findLast((line) => line !== ''))
}

function oneLine(how: string, said: string | undefined): string {
  const text = said === undefined ? how : `${how}: ${said.replace(/^#\s*/, '')}`
  return text.replace(/\s+/g, ' ').slice(0, REASON_CHARACTERS_MAX)
}

function endOf(
  { exitCode, signal }: Death,
  isSandboxed: boolean
): { exitCode: number | undefined; signal: string | undefined } {
  const number = (exitCode ?? 0) - SIGNAL_BASE
  if (!isSandboxed || number <= 0 || number > SIGNAL_MAX) return { exitCode, signal }
  return { exitCode: undefined, signal: signalName(number) }
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, each]) => each === number)
  return found?.[0] ?? `SIG${number}`
}
