/**
 * Where a token comes from: a file, the environment, a prompt, or stdin. Never the command line,
 * which every user of the machine can read.
 */
import { createReadStream } from 'node:fs'
import { P2pJobsError, toError } from '../core/errors.ts'
import type { Context } from './command.ts'

/** A token has 95 characters; whatever has so many more is something else. */
const CHARACTERS_MAX = 4096
/** A pipe that brings the token has done so by then; a person may need to be told. */
const PATIENCE_MS = 1_000

/** A token, and where it comes from in the words of an error. */
export interface GivenToken {
  readonly token: string
  readonly source: string
}

/** The token given with this call, if any. Throws USAGE for a file that cannot be read. */
export async function givenToken(
  tokenFile: string | undefined,
  context: Pick<Context, 'env'>
): Promise<GivenToken | undefined> {
  if (tokenFile !== undefined) {
    return { token: await tokenIn(tokenFile), source: `--token-file ${tokenFile}` }
  }
  const token = context.env['P2PJOBS_TOKEN']
  return token === undefined || token === '' ? undefined : { token, source: 'P2PJOBS_TOKEN' }
}

async function tokenIn(file: string): Promise<string> {
  try {
    let text = ''
    const head = createReadStream(file, { encoding: 'latin1', end: CHARACTERS_MAX })
    for await (const chunk of head) text += String(chunk)
    return text
  } catch (cause) {
    throw new P2pJobsError(
      'USAGE',
      `cannot read --token-file: ${toError(cause).message}; name a file with the token in it`,
      { cause }
    )
  }
}

/** Asks for the token: at the terminal, or as the first line of stdin. Undefined: none came. */
export async function askForToken(
  context: Pick<Context, 'stdin' | 'stderr' | 'isTerminal' | 'stopping'>
): Promise<string | undefined> {
  const { stdin, stderr, isTerminal, stopping } = context
  const stopped = new Promise<undefined>((resolve) => {
    stopping.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  if (isTerminal.stdin) stderr('Paste the join token: ')
  const hint = setTimeout(() => {
    if (!isTerminal.stdin) stderr('p2pjobs: waiting for the join token on stdin\n')
  }, PATIENCE_MS)
  try {
    const token = await Promise.race([firstLine(stdin), stopped])
    // The cursor still stands behind the question.
    if (token === undefined && isTerminal.stdin) stderr('\n')
    return token
  } finally {
    clearTimeout(hint)
    stdin.pause()
  }
}

/** The first line that is not blank, as far as it can be a token. */
async function firstLine(source: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  let text = ''
  for await (const chunk of source) {
    text = (text + Buffer.from(chunk).toString('latin1')).trimStart()
    if (text.includes('\n') || text.length > CHARACTERS_MAX) break
  }
  const line = text.split('\n', 1)[0]?.trim().slice(0, CHARACTERS_MAX)
  return line === '' ? undefined : line
}
