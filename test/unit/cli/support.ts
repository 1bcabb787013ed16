/**
 * A table with a flag of every kind, a context that keeps what is written, and what was thrown.
 */
import { Readable } from 'node:stream'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import type { Member, MemberInfo } from '../../../src/core/members/events.ts'
import type { NodeId } from '../../../src/core/types.ts'
import type { CommandTable, Context } from '../../../src/cli/command.ts'

export const table = {
  name: 'bake',
  summary: 'Bake bread',
  usage: ['[FLAG]... COMMAND ::: ARGUMENT...'],
  operands: 'command',
  description: ['It takes a while.'],
  flags: {
    warm: { type: 'boolean', short: 'w', summary: 'Keep it warm' },
    noSalt: { type: 'boolean', short: 'n', excludes: 'salt', summary: 'Take no salt' },
    salt: { type: 'boolean', summary: 'Take salt' },
    loaves: {
      type: 'count',
      short: 'l',
      placeholder: 'N',
      default: 1,
      min: 0,
      max: 10,
      summary: 'Bake N'
    },
    time: {
      type: 'duration',
      placeholder: 'TIME',
      min: 1,
      max: 86_400_000,
      summary: 'For so long'
    },
    flour: { type: 'size', placeholder: 'SIZE', min: 0, max: 2 ** 40, summary: 'Of so much' },
    name: { type: 'text', placeholder: 'NAME', charactersMax: 5, summary: 'Call it so' },
    recipe: { type: 'file', placeholder: 'FILE', requires: 'warm', summary: 'Read it there' },
    seed: {
      type: 'text',
      short: 's',
      placeholder: 'SEED',
      repeatable: true,
      shape: { pattern: /^[a-z]+$/, example: 'poppy' },
      summary: 'Strew these'
    },
    config: { type: 'file', placeholder: 'FILE', summary: 'Read flags there' }
  },
  exitStatus: [['0', 'baked']],
  errorExitCode: 77,
  examples: ['p2pjobs bake ::: rye']
} as const satisfies CommandTable

export interface TestContext extends Context {
  readonly written: { stdout: string; stderr: string }
}

/** A context of which nothing is a terminal, unless told otherwise. */
export function aContext(
  isTerminal: Context['isTerminal'] = { stdin: false, stdout: false, stderr: false }
): TestContext {
  const written = { stdout: '', stderr: '' }
  return {
    written,
    stdout: (chunk) => {
      written.stdout += textOf(chunk)
      return Promise.resolve()
    },
    stderr: (text) => {
      written.stderr += text
    },
    taskStderr: (chunk) => {
      written.stderr += textOf(chunk)
      return Promise.resolve()
    },
    stdin: Readable.from([]),
    env: {},
    isTerminal,
    stopping: new AbortController().signal,
    leaving: new AbortController().signal,
    hangup: new AbortController().signal
  }
}

function textOf(chunk: string | Uint8Array): string {
  return typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()
}

/** A member that runs tasks, unless told otherwise. */
export function aMember(
  more: Partial<Omit<Member, 'peer' | 'info'>> & Partial<MemberInfo> & { peer?: string }
): Member {
  const { peer = '12D3KooWlab', status = 'alive', addresses = [], problem, ...info } = more
  const given = { name: 'lab', isMaster: false, isWorker: true, program: 'p2pjobs 1.2.3', ...info }
  const isMet = status !== 'known'
  return { peer: peer as NodeId, status, info: isMet ? given : undefined, addresses, problem }
}

/** The code and message of what `work` throws. */
export function failureOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    const failure = operatingErrorOf(error)
    if (failure !== undefined) return `${failure.code}: ${failure.message}`
    throw error
  }
  return 'nothing was thrown'
}

/** The code and message of what a promise rejects with. */
export async function rejectionOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'nothing was thrown',
    (error: unknown) => `${String(operatingErrorOf(error)?.code)}: ${String(error)}`
  )
}
