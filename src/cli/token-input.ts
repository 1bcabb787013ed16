/**
 * Where a token comes from: a file, the environment, a prompt, or stdin. Never the command line,
 * which every user of the machine can read.
 */
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { P2pJobsError, toError } from '../core/errors.ts'
import type { Context } from './command.ts'

/** The token given with this call, if any. Throws USAGE for a file that cannot be read. */
export async function givenToken(
  tokenFile: string | undefined,
  context: Context
): Promise<string | undefined> {
  if (tokenFile !== undefined) {
    try {
      return await readFile(tokenFile, 'utf8')
    } catch (cause) {
      throw new P2pJobsError(
        'USAGE',
        `cannot read --token-file: ${toError(cause).message}; name a file with the token in it`,
        { cause }
      )
    }
  }
  const fromEnvironment = context.env['P2PJOBS_TOKEN']
  return fromEnvironment === '' ? undefined : fromEnvironment
}

/** Asks for the token: at the terminal, or as the first line of stdin. Undefined: none came. */
export async function askForToken(context: Context): Promise<string | undefined> {
  const { stdin, isTerminal, stopping } = context
  context.stderr(
    isTerminal.stdin ? 'Paste the join token: ' : 'p2pjobs: waiting for the join token on stdin\n'
  )
  const lines = createInterface({ input: stdin, terminal: false })
  const stop = (): void => lines.close()
  stopping.addEventListener('abort', stop)
  try {
    for await (const line of lines) if (line.trim() !== '') return line
    return undefined
  } finally {
    stopping.removeEventListener('abort', stop)
    lines.close()
    stdin.pause()
  }
}
