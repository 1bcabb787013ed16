/**
 * From what a shell says about a command to how a task ended.
 *
 * A shell's `$?` is 128 + n both for `exit 137` and for a process ended by signal 9. Shells that
 * run a script print a notice ("Killed") in the second case, which tells them apart. None is
 * printed for SIGINT and SIGPIPE: these two are reported as the exit statuses 130 and 141.
 */
import { constants } from 'node:os'
import type { Outcome } from '../core/result.ts'

/** What became of the shell's command: its `$?`, or the death of the shell itself. */
export type ShellEnd =
  | { readonly type: 'status'; readonly status: number; readonly notice: string }
  | { readonly type: 'signal'; readonly signal: string }
  | { readonly type: 'broken'; readonly reason: string }

export interface Verdict {
  readonly outcome: Outcome
  readonly reason: string
  readonly exitCode: number | undefined
  readonly signal: string | undefined
}

const SIGNAL_BASE = 128
const SIGNAL_MAX = 64
const NOTICE_CHARACTERS_MAX = 400

/** How a task ended whose command ended like this. */
export function verdictOf(end: ShellEnd): Verdict {
  if (end.type === 'signal') return killedBy(end.signal)
  if (end.type === 'broken') return refusal(end.reason)
  const { status, notice } = end
  const signal = status - SIGNAL_BASE
  if (notice !== '' && signal > 0 && signal <= SIGNAL_MAX) return killedBy(signalName(signal))
  // The shell speaks for itself only when it could not even start the command.
  if (notice !== '' && status !== 0) return refusal(oneLine(notice))
  return exited(status)
}

/** A verdict for a task that could not be started. */
export function refusal(reason: string): Verdict {
  return { outcome: 'refused', reason, exitCode: undefined, signal: undefined }
}

/** A verdict for a task that ended in failure although nobody said so. */
export function failure(reason: string, end: Verdict | undefined): Verdict {
  return { outcome: 'failure', reason, exitCode: end?.exitCode, signal: end?.signal }
}

function exited(status: number): Verdict {
  const isSuccess = status === 0
  return {
    outcome: isSuccess ? 'success' : 'failure',
    reason: isSuccess ? '' : `exit status ${status}`,
    exitCode: status,
    signal: undefined
  }
}

function killedBy(signal: string): Verdict {
  return { outcome: 'failure', reason: `killed by ${signal}`, exitCode: undefined, signal }
}

/** `SIGKILL` for 9; real-time signals have only their number. */
function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, each]) => each === number)
  return found?.[0] ?? `SIG${number}`
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').slice(0, NOTICE_CHARACTERS_MAX)
}
