/**
 * What a manager, and a connection with one, can be told.
 */
import { P2pJobsError } from '../core/errors.ts'
import { NAME_CHARACTERS_MAX } from '../core/limits.ts'

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

/** Throws USAGE for a name that no manager can have. */
export function checkManagerName(name: string): void {
  if (typeof name === 'string' && name.length > 0 && name.length <= NAME_CHARACTERS_MAX) return
  throw new P2pJobsError(
    'USAGE',
    `the name of a manager has 1 to ${NAME_CHARACTERS_MAX} characters`
  )
}
