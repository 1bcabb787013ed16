/**
 * Commands that ask the master node of this home.
 */
import { operatingErrorOf, toError } from '../core/errors.ts'
import type { Selection } from '../core/selection.ts'
import { placeOf } from '../node/credentials.ts'
import { openRemoteJobs } from '../node/remote-jobs.ts'
import type { RemoteJobs } from '../node/remote-jobs.ts'
import { defineCommand } from './command.ts'
import type { Command, CommandTable, Context, FlagTable, FlagValues, Operands } from './command.ts'
import { problemLines } from './network-flags.ts'
import { parseSelector, parseTaskSelector } from './selector.ts'
import type { TaskSelector } from './selector.ts'
import { usage } from './values.ts'

/** What such a command was given, apart from its flags. Throws USAGE. */
type Reader<Flags extends FlagTable, Wanted> = (
  operands: Operands,
  flags: FlagValues<Flags>,
  context: Context
) => Wanted

/** What such a command does with the jobs; the exit status. */
type RemoteBody<Flags extends FlagTable, Wanted> = (
  jobs: RemoteJobs,
  flags: FlagValues<Flags>,
  context: Context,
  wanted: Wanted
) => Promise<number>

/**
 * A command from its table, what reads its operands, and its body, which gets a connection that is
 * closed afterwards. What is wrong with the command is said before anybody is asked.
 */
export function remoteCommand<const Flags extends FlagTable, Wanted>(
  table: CommandTable<Flags>,
  read: Reader<Flags, Wanted>,
  body: RemoteBody<Flags, Wanted>
): Command<Flags> {
  return defineCommand(table, async (flags, context, operands) => {
    const wanted = read(operands, flags, context)
    const { home } = placeOf(context.env, undefined, problemLines(context))
    const jobs = await openRemoteJobs(home)
    const hangUp = (): void => jobs.close()
    context.stopping.addEventListener('abort', hangUp)
    try {
      return await body(jobs, flags, context, wanted)
    } catch (error) {
      // Whoever stopped it knows why there is no answer.
      if (context.stopping.aborted && isCutShort(error)) return table.errorExitCode
      throw error
    } finally {
      context.stopping.removeEventListener('abort', hangUp)
      jobs.close()
    }
  })
}

/** It failed because it was hung up on, or was waiting. */
function isCutShort(error: unknown): boolean {
  return operatingErrorOf(error)?.code === 'UNREACHABLE' || toError(error).name === 'AbortError'
}

/** The jobs that the one operand names. Throws USAGE. */
export function namedJobs(operands: Operands): Selection {
  return parseSelector(wordsOf(operands, 'SELECTOR')[0])
}

/** The job, or tasks of it, that the one operand names. Throws USAGE. */
export function namedTasks(operands: Operands): TaskSelector {
  return parseTaskSelector(wordsOf(operands, 'ID')[0])
}

/** The operands of a command that wants these, all of them. Throws USAGE. */
export function wordsOf<const Names extends readonly string[]>(
  { words = [] }: Operands,
  ...names: Names
): { readonly [Place in keyof Names]: string } {
  const missing = names[words.length]
  if (missing !== undefined) throw usage(`name ${missing}; see --help`)
  const unexpected = words[names.length]
  if (unexpected !== undefined) throw usage(`unexpected '${unexpected}'; see --help`)
  return words as unknown as { readonly [Place in keyof Names]: string }
}
