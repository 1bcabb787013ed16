/**
 * `run` on the master node of this home: the job is that node's, and outlives this process.
 */
import { operatingErrorOf } from '../../core/errors.ts'
import { noDaemon } from '../../node/control.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import { RemoteMaster } from '../../node/remote-master.ts'
import { openRemoteJobs } from '../../node/remote-jobs.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { liveNodeOf } from '../../node/start.ts'
import type { JobId } from '../../core/types.ts'
import { ExitCode } from '../command.ts'
import { failureStatus } from './exit-status.ts'
import type { Printing } from './printing.ts'
import { tellStalls } from './stalls.ts'
import type { StallsInit } from './stalls.ts'

/** What it needs of the process, beside what prints. */
export interface ThereInit extends Pick<Printing, 'publication' | 'output' | 'warn'> {
  readonly jobs: RemoteJobs
  readonly stopping: AbortSignal
  /** A first Ctrl-C leaves the job alone, as the end of the terminal does in any case. */
  readonly detaches: boolean
  readonly hangup: AbortSignal
}

/**
 * The jobs of the master node of this home in that network. `none` runs, or it is of a version that
 * this one cannot talk to; `silent`: it does not answer, and will run nothing either.
 */
export async function masterOf(
  home: NetworkPlace['home'],
  network: string,
  warn: (text: string) => void
): Promise<RemoteJobs | 'none' | 'silent'> {
  if (liveNodeOf(home, network)?.control === undefined) return 'none'
  try {
    return await openRemoteJobs(home)
  } catch (error) {
    const known = operatingErrorOf(error)
    if (known === undefined) throw error
    if (known.code === 'NO_DAEMON') return 'none'
    warn(`${known.message}; the job is run by this process instead`)
    return known.code === 'UNREACHABLE' ? 'silent' : 'none'
  }
}

/** The same where nothing else will do. Throws NO_DAEMON, REFUSED, UNREACHABLE. */
export async function detachedMasterOf(
  home: NetworkPlace['home'],
  network: string
): Promise<RemoteJobs> {
  if (liveNodeOf(home, network)?.control === undefined) throw noDaemon()
  return await openRemoteJobs(home)
}

/** Submits the job, feeds it and prints what comes of it; the exit status. */
export async function runThere(
  init: ThereInit,
  inputs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
): Promise<number> {
  const { publication, warn } = init
  await withMaster(init, (master, signals) =>
    publication.run(master, inputs, signals.canceling, signals.leaving)
  )
  const { job, hasEnded, total } = publication
  if (job !== undefined && !hasEnded && !total.isComplete) {
    warn(`stdin was not read to its end: job ${job} has the ${total.inputs} tasks read so far`)
  }
  return await endOf(init)
}

/** Prints what comes of a job that is there already; the exit status. */
export async function attachThere(init: ThereInit, job: JobId): Promise<number> {
  await withMaster(init, (master, signals) =>
    init.publication.follow(master, job, signals.canceling, signals.leaving)
  )
  return await endOf(init)
}

interface Signals {
  readonly canceling: AbortSignal
  readonly leaving: AbortSignal
}

async function withMaster(
  { jobs, publication, stopping, detaches, hangup, warn }: ThereInit,
  work: (master: RemoteMaster, signals: Signals) => Promise<void>
): Promise<void> {
  const never = new AbortController().signal
  const leaving = detaches ? stopping : hangup
  // What ends the terminal stops, too: then leaving comes first.
  const canceling = detaches ? never : unless(hangup, stopping)
  const master = new RemoteMaster({
    jobs,
    onNotice: (notice) => publication.onNotice(notice),
    room: () => publication.room(),
    onInput: (task, input) => publication.noteInput(task, input),
    onProblem: warn
  })
  const over = new AbortController()
  const reasonsOf = async (job: JobId): ReturnType<StallsInit['reasonsOf']> =>
    await Array.fromAsync(jobs.explain(job, undefined))
  void tellStalls({ publication, reasonsOf, say: warn }, over.signal)
  try {
    await Promise.race([work(master, { canceling, leaving }), master.lost])
  } finally {
    over.abort()
    master.stop()
  }
}

/** Aborted when `signal` is, unless `exception` has been before. */
function unless(exception: AbortSignal, signal: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const onAbort = (): void => {
    if (!exception.aborted) controller.abort(signal.reason)
  }
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  return controller.signal
}

/** The last words and the exit status: of a job that has ended, or that nobody follows any more. */
async function endOf({
  publication,
  output,
  stopping,
  detaches,
  warn
}: ThereInit): Promise<number> {
  const { job, hasEnded, tally } = publication
  if (!hasEnded && job !== undefined) {
    warn(
      `job ${job} goes on; \`p2pjobs attach ${job}\` follows it, \`p2pjobs cancel ${job}\` ends it`
    )
    return ExitCode.ok
  }
  await output.end?.()
  const isStopped = stopping.aborted && !detaches
  return tally.canceled > 0 || isStopped ? ExitCode.runError : failureStatus(tally.failed)
}
