/**
 * `run` on the master node of this home: the job is that node's, and outlives this process.
 */
import type { JobId } from '../../core/types.ts'
import { operatingErrorOf } from '../../core/errors.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import { liveNodeOf } from '../../node/start.ts'
import { RemoteMaster } from '../../node/remote-master.ts'
import { openRemoteJobs } from '../../node/remote-jobs.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Publication } from './publish.ts'

/** What it needs of the process, beside the publication. */
export interface ThereInit {
  readonly jobs: RemoteJobs
  readonly publication: Publication
  readonly stopping: AbortSignal
  /** A first Ctrl-C leaves the job alone, as the end of the terminal does in any case. */
  readonly detaches: boolean
  readonly hangup: AbortSignal
  readonly warn: (text: string) => void
}

/** `left`: nobody follows the job any more, and it goes on. */
export type ThereEnd = { readonly left: JobId } | 'ended'

/** The jobs of the master node of this home in that network; undefined: none runs, or none that can be used. */
export async function masterOf(
  home: NetworkPlace['home'],
  network: string,
  warn: (text: string) => void
): Promise<RemoteJobs | undefined> {
  if (liveNodeOf(home, network)?.control === undefined) return undefined
  try {
    return await openRemoteJobs(home)
  } catch (error) {
    const known = operatingErrorOf(error)
    if (known === undefined) throw error
    if (known.code !== 'NO_DAEMON') warn(`${known.message}; the job is run by this process instead`)
    return undefined
  }
}

/** Submits the job, feeds it and prints what comes of it. */
export async function runThere(
  init: ThereInit,
  inputs: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
): Promise<ThereEnd> {
  return await withMaster(init, (master, signals) =>
    init.publication.run(master, inputs, signals.canceling, signals.leaving)
  )
}

/** Prints what comes of a job that is there already. */
export async function attachThere(init: ThereInit, job: JobId): Promise<ThereEnd> {
  return await withMaster(init, (master, signals) =>
    init.publication.follow(master, job, signals.canceling, signals.leaving)
  )
}

interface Signals {
  readonly canceling: AbortSignal
  readonly leaving: AbortSignal
}

async function withMaster(
  { jobs, publication, stopping, detaches, hangup, warn }: ThereInit,
  work: (master: RemoteMaster, signals: Signals) => Promise<void>
): Promise<ThereEnd> {
  const never = new AbortController().signal
  const leaving = detaches ? stopping : hangup
  // What ends the terminal stops, too: then leaving comes first.
  const canceling = detaches ? never : unless(hangup, stopping)
  const master = new RemoteMaster({
    jobs,
    onNotice: (notice) => publication.onNotice(notice),
    onInput: (task, input) => publication.noteInput(task, input),
    onProblem: warn
  })
  try {
    await Promise.race([work(master, { canceling, leaving }), master.lost])
  } finally {
    master.stop()
  }
  const { job, hasEnded } = publication
  return hasEnded || job === undefined ? 'ended' : { left: job }
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

/** What is said, and the exit status, when nobody follows a job any more. */
export function tellLeft(job: JobId, warn: (text: string) => void): number {
  warn(
    `job ${job} goes on; \`p2pjobs attach ${job}\` follows it, \`p2pjobs cancel ${job}\` ends it`
  )
  return ExitCode.ok
}
