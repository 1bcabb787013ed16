/**
 * From the command line to a job of shell commands: what `run` and `submit` share.
 */
import type { Amounts } from '../../core/abilities.ts'
import { OUTPUT_BYTES_MAX } from '../../core/limits.ts'
import type { ShellSpec } from '../../core/spec.ts'
import type { Context, Operands } from '../command.ts'
import { argumentLines, wordInputs } from './inputs.ts'

export interface ShellFlags {
  readonly slots: number | undefined
  readonly timeout: number | undefined
  readonly env: readonly string[]
}

/** The command, in this folder and with these variables. */
export function shellSpec(
  flags: ShellFlags,
  command: string,
  env: Context['env'],
  amounts?: Amounts
): ShellSpec {
  const environment: Record<string, string> = {}
  for (const name of flags.env) {
    const value = env[name]
    if (value !== undefined) environment[name] = value
  }
  return {
    kind: 'shell',
    command,
    directory: process.cwd(),
    environment,
    timeoutMs: flags.timeout,
    outputBytesMax: OUTPUT_BYTES_MAX,
    slotsMax: flags.slots,
    ...(amounts === undefined ? {} : { amounts })
  }
}

/** The words after `:::`, or the lines of stdin. */
export function readInputs(
  { inputs }: Operands,
  context: Context
): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (inputs !== undefined) return wordInputs(inputs)
  if (context.isTerminal.stdin) {
    context.stderr('p2pjobs: reading arguments from the terminal, one per line; Ctrl-D ends them\n')
  }
  return argumentLines(context.stdin, 'stdin', () =>
    context.stderr(
      'p2pjobs: a line of stdin ends with a CR, which is part of the argument; ' +
        "`tr -d '\\r'` takes it away\n"
    )
  )
}
