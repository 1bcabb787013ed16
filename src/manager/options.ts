/**
 * What a manager, and a connection with one, can be told.
 */
import { abortSignal, check, checkGiven, wholeNumber } from '../core/checks.ts'
import { P2pJobsError } from '../core/errors.ts'
import {
  MANAGER_AWAY_MS,
  MANAGER_FIND_MS,
  NAME_CHARACTERS_MAX,
  TIMER_MAX_MS
} from '../core/limits.ts'
import { checkOptions, checkTimeout } from '../proxies/options.ts'
import { shown } from '../core/shown.ts'

/** Where the network is, and what this program is in it. */
export interface NodeOptions {
  /** The name of a network this home belongs to; `default` by default. */
  readonly network?: string | undefined
  /** Multiaddrs of members, where multicast does not reach them. */
  readonly join?: readonly string[] | undefined
  /** Multiaddrs to listen on; a free port by default. */
  readonly listen?: readonly string[] | undefined
  /** Find others by multicast DNS; true by default. */
  readonly mdns?: boolean | undefined
  /** A token, kept in the home for later; by default `P2PJOBS_TOKEN`, or what the home has. */
  readonly token?: string | undefined
  /** What this node is called; the host's name by default. */
  readonly nodeName?: string | undefined
  /** Told what a person should know, in one line; written to stderr by default. */
  readonly onWarning?: ((line: string) => void) | undefined
}

export interface ManagerOptions extends NodeOptions {
  /** The name by which others find it; `manager` by default. */
  readonly name?: string | undefined
  /** True: for this program alone, without a network. */
  readonly local?: boolean | undefined
  /** True: its queues are kept in this home, and survive the end of this program. */
  readonly durable?: boolean | undefined
  /** How long a client may be silent before it loses what it holds; 6,000 ms by default. */
  readonly leaseMs?: number | undefined
}

export interface ConnectOptions extends NodeOptions {
  /** How long to look for the manager; 10,000 ms by default. */
  readonly timeoutMs?: number | undefined
  /** How long to wait for a manager that was there and is away; 30,000 ms by default. */
  readonly awayMs?: number | undefined
  /** Ends looking for it. */
  readonly signal?: AbortSignal | undefined
}

/** Makes an object of one's own; called once, when it is first used. */
export type Factory = () => object | Promise<object>

const LEASE_MIN_MS = 100

/** Throws USAGE for what no manager can be told. */
export function checkManagerOptions(options: ManagerOptions): void {
  checkOptions('{ name, local, durable, leaseMs }', options)
  const { name, leaseMs } = options
  if (name !== undefined) checkName('the name of a manager', name)
  if (leaseMs !== undefined) checkGiven('leaseMs', leaseMs, wholeNumber(LEASE_MIN_MS))
  checkNodeName(options)
}

/** How long to look for a manager, and to wait for it. Throws USAGE for what none can be asked for. */
export function connectTimes(
  name: string,
  options: ConnectOptions
): { readonly timeoutMs: number; readonly awayMs: number } {
  checkOptions('{ timeoutMs, awayMs, signal }', options)
  const { timeoutMs = MANAGER_FIND_MS, awayMs = MANAGER_AWAY_MS, signal } = options
  checkName('the name of a manager', name)
  checkNodeName(options)
  check('signal', signal, abortSignal)
  return { timeoutMs: timeOf('timeoutMs', timeoutMs), awayMs: timeOf('awayMs', awayMs) }
}

function timeOf(what: string, time: unknown): number {
  return Math.min(TIMER_MAX_MS, checkTimeout(time, what) ?? TIMER_MAX_MS)
}

function checkNodeName({ nodeName }: NodeOptions): void {
  if (nodeName !== undefined) checkName('nodeName', nodeName)
}

function checkName(what: string, name: unknown): void {
  const isText = typeof name === 'string' && name.length > 0 && name.isWellFormed()
  if (isText && name.length <= NAME_CHARACTERS_MAX) return
  const rule = `${what} is a text of 1 to ${NAME_CHARACTERS_MAX} characters`
  throw new P2pJobsError('USAGE', `${rule}, not ${shown(name)}`)
}
