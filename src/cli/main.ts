/**
 * The program: connects `dispatch` with its process, and ends that.
 */
import { isatty } from 'node:tty'
import { P2pJobsError } from '../core/errors.ts'
import { ExitCode } from './command.ts'
import type { Context } from './command.ts'
import { describeError, dispatch, errorExitCode } from './dispatch.ts'
import type { CommandEntry } from './dispatch.ts'
import { membersTable, nodeTable, runTable, tokenTable } from './flags.ts'
import { setHeapOptions } from './heap-options.ts'
import * as job from './job-tables.ts'
import { watchSignals } from './stop-signals.ts'
import type { StopSignals } from './stop-signals.ts'
import { Writer } from './writer.ts'

/** How long a command may take to tidy up after the second Ctrl-C. */
const LEAVE_MS = 1_000

const COMMANDS: readonly CommandEntry[] = [
  {
    table: nodeTable,
    load: async () => {
      await startHelpers()
      return (await import('./commands/node.ts')).nodeCommand
    }
  },
  {
    table: runTable,
    load: async () => {
      await startHelpers()
      return (await import('./commands/run.ts')).runCommand
    }
  },
  { table: membersTable, load: async () => (await import('./commands/members.ts')).membersCommand },
  { table: tokenTable, load: async () => (await import('./commands/token.ts')).tokenCommand },
  {
    table: job.submitTable,
    load: async () => (await import('./commands/submit.ts')).submitCommand
  },
  { table: job.jobsTable, load: async () => (await import('./commands/jobs.ts')).jobsCommand },
  { table: job.jobTable, load: async () => (await import('./commands/job.ts')).jobCommand },
  { table: job.logsTable, load: async () => (await import('./commands/logs.ts')).logsCommand },
  { table: job.catTable, load: async () => (await import('./commands/cat.ts')).catCommand },
  {
    table: job.attachTable,
    load: async () => (await import('./commands/attach.ts')).attachCommand
  },
  { table: job.waitTable, load: async () => (await import('./commands/wait.ts')).waitCommand },
  {
    table: job.cancelTable,
    load: async () => (await import('./commands/cancel.ts')).cancelCommand
  },
  { table: job.retryTable, load: async () => (await import('./commands/retry.ts')).retryCommand },
  {
    table: job.forgetTable,
    load: async () => (await import('./commands/forget.ts')).forgetCommand
  },
  { table: job.drainTable, load: async () => (await import('./commands/drain.ts')).drainCommand },
  {
    table: job.explainTable,
    load: async () => (await import('./commands/explain.ts')).explainCommand
  }
]

/** Processes that take as long to start as the modules take to load. */
async function startHelpers(): Promise<void> {
  const { startHelpers } = await import('../node/head-start.ts')
  startHelpers()
}

/** Does what the command line says, and ends the process with its status. */
export async function main(): Promise<never> {
  setHeapOptions(process.versions.v8)
  const words = process.argv.slice(2)
  const stop = watchSignals(process, () => performance.now())
  const stdout = new Writer(process.stdout, () => stop.stop())
  // Nobody can be told that stderr is closed, and the work goes on without it.
  const stderr = new Writer(process.stderr, () => undefined)
  process.on('uncaughtException', (error) => {
    void stderr.write(describeError(error)).then(() => process.exit(errorExitCode(words, COMMANDS)))
  })

  const atOnce = aMomentAfter(stop.leaving)
  const done = dispatch(words, COMMANDS, contextOf(stdout, stderr, stop))
  const status = (await Promise.race([done, atOnce])) ?? errorExitCode(words, COMMANDS)
  const { failure } = stdout
  if (failure !== undefined) void stderr.write(describeError(cannotWrite(failure)))
  // What is still in our memory, ends with the process.
  await Promise.race([Promise.all([stdout.write(''), stderr.write('')]), atOnce])
  process.exit(finalStatus(status, stdout, errorExitCode(words, COMMANDS)))
}

/** The status of the process: a reader that has seen enough makes a success of any work cut short. */
export function finalStatus(
  status: number,
  stdout: Pick<Writer, 'isClosed' | 'failure'>,
  errorStatus: number
): number {
  if (stdout.isClosed) return ExitCode.ok
  return stdout.failure === undefined ? status : errorStatus
}

/** Resolves when the time is over that a command has after the second Ctrl-C. */
function aMomentAfter(leaving: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    leaving.addEventListener('abort', () => setTimeout(resolve, LEAVE_MS, undefined))
  })
}

function cannotWrite(cause: Error): P2pJobsError {
  return new P2pJobsError(
    'OUTPUT_FAILED',
    `cannot write to stdout: ${cause.message}; what was running has been canceled`,
    { cause }
  )
}

function contextOf(stdout: Writer, stderr: Writer, stop: StopSignals): Context {
  return {
    stdout: (chunk) => stdout.write(chunk),
    stderr: (text) => void stderr.write(text),
    taskStderr: (chunk) => stderr.write(chunk),
    // Opened only by who reads it: an open stdin keeps a process alive.
    get stdin() {
      return process.stdin
    },
    env: process.env,
    isTerminal: { stdin: isatty(0), stdout: isatty(1), stderr: isatty(2) },
    stopping: stop.stopping,
    leaving: stop.leaving,
    hangup: stop.hangup
  }
}
