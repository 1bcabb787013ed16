/**
 * Waiting for others to show up, and what to check when nobody does.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Member } from '../core/members/events.ts'
import { P2pJobsError } from '../core/errors.ts'
import type { Node } from '../node/node.ts'
import type { RemoteJobs } from '../node/remote-jobs.ts'

const ALONE_MS = 5_000
/** How long `--min-workers` waits. */
const WORKERS_MS = 60_000
const LOOK_MS = 50

const ADVICE =
  'no other node has been found yet; check that the others run `p2pjobs node` with the same ' +
  'token, that they are on the same LAN, that no firewall blocks UDP 5353 or the TCP port, ' +
  'and where multicast does not work, name one of them with --join MULTIADDR'

/** What waiting needs of time: tests have their own. */
export interface Clock {
  now(): number
  /** Resolves after so long, or when it is aborted; does not keep the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export const realClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms, signal) => {
    // Aborted: the sleep is over, which is all that its caller asks for.
    await delay(ms, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined)
  }
}

/** What is looked at of a node. */
export type Company = Pick<Node, 'network'>

type Counts = (member: Readonly<Member>) => boolean

/** Says once what to check, if nobody who counts was met within five seconds; whether it did. */
export async function adviseIfAlone(
  { network }: Company,
  say: (text: string) => void,
  counts: Counts = () => true,
  clock = realClock
): Promise<boolean> {
  await clock.sleep(ALONE_MS)
  // Who has left again was found, and there is nothing to check.
  const hasMet = network?.members.some((member) => member.status !== 'known' && counts(member))
  if (hasMet === true) return false
  say(ADVICE)
  return true
}

/** Waits until so many workers are there. Throws UNREACHABLE after a minute. */
export async function waitForWorkers(
  node: Company,
  count: number,
  signal: AbortSignal,
  clock = realClock
): Promise<void> {
  await waitForCount(() => Promise.resolve(countWorkers(node)), count, signal, clock)
}

/** The same for workers of the master node of this home, all of them counted. */
export async function waitForWorkersOf(
  jobs: Pick<RemoteJobs, 'workers'>,
  count: number,
  signal: AbortSignal,
  clock = realClock
): Promise<void> {
  if (count === 0) return
  const present = async (): Promise<number> => {
    const workers = await Array.fromAsync(jobs.workers())
    return workers.filter(({ isConnected, slots }) => isConnected && slots > 0).length
  }
  await waitForCount(present, count, signal, clock)
}

async function waitForCount(
  present: () => Promise<number>,
  count: number,
  signal: AbortSignal,
  clock: Clock
): Promise<void> {
  const until = clock.now() + WORKERS_MS
  for (let found = await present(); found < count && !signal.aborted; found = await present()) {
    if (clock.now() >= until) throw tooFew(count, found)
    await clock.sleep(LOOK_MS, signal)
  }
}

function countWorkers({ network }: Company): number {
  const isThere = ({ status, info }: Readonly<Member>): boolean =>
    status === 'alive' && info?.isWorker === true
  return network?.members.filter(isThere).length ?? 0
}

function tooFew(wanted: number, found: number): P2pJobsError {
  return new P2pJobsError(
    'UNREACHABLE',
    `--min-workers ${wanted}: only ${found} came within ${WORKERS_MS / 1000} s; ` +
      'see `p2pjobs members`, and start `p2pjobs node` on the machines that are missing'
  )
}
