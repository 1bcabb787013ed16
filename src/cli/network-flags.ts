/**
 * From the flags that every networked command has to the way a node joins its network.
 */
import { operatingErrorOf, P2pJobsError } from '../core/errors.ts'
import {
  acceptToken,
  keptCredentials,
  mayBeMaster,
  notAMaster,
  openNetwork
} from '../node/credentials.ts'
import type { NetworkPlace } from '../node/credentials.ts'
import type { JoinOptions } from '../node/start.ts'
import type { Context } from './command.ts'
import { escapeText } from './output.ts'
import { givenToken } from './token-input.ts'
import type { GivenToken } from './token-input.ts'

export interface NetworkFlags {
  readonly listen: readonly string[]
  readonly join: readonly string[]
  readonly noMdns: boolean
  readonly insecureOpen: boolean
  readonly tokenFile: string | undefined
}

type Credentials = JoinOptions['credentials']

/** What the open network is called in a home; no --network can have this name. */
const OPEN_NETWORK = '--insecure-open'

/** The network this home belongs to, by what it keeps and what it is given now. */
export async function credentialsOf(
  place: NetworkPlace,
  { tokenFile, insecureOpen }: Pick<NetworkFlags, 'tokenFile' | 'insecureOpen'>,
  context: Context
): Promise<Credentials | undefined> {
  if (insecureOpen) return openNetwork()
  const given = await givenToken(tokenFile, context)
  return given === undefined ? keptCredentials(place) : accepted(place, given)
}

/** Whoever gave a token that cannot be used is told where it came from. */
function accepted(place: NetworkPlace, { token, source }: GivenToken): Credentials {
  try {
    return acceptToken(place, token)
  } catch (cause) {
    const error = operatingErrorOf(cause)
    if (error?.code !== 'BAD_TOKEN') throw cause
    throw new P2pJobsError('BAD_TOKEN', `${source}: ${error.message}`, { cause })
  }
}

/** Throws NOT_A_MASTER for credentials that cannot publish work. */
export function requireMaster(credentials: Credentials): void {
  if (!mayBeMaster(credentials)) throw notAMaster()
}

/** How a command without a prompt is given a token. */
export const TOKEN_FLAGS = '--token-file FILE or P2PJOBS_TOKEN'

/** What the network that is meant is called in a home. */
export function networkNameOf(
  { network }: NetworkPlace,
  { insecureOpen }: Pick<NetworkFlags, 'insecureOpen'>
): string {
  return insecureOpen ? OPEN_NETWORK : network
}

export function joinOptions(
  place: NetworkPlace,
  flags: NetworkFlags,
  credentials: Credentials
): JoinOptions {
  const { listen, join, noMdns } = flags
  return { name: networkNameOf(place, flags), credentials, listen, join, isDiscovering: !noMdns }
}

/** A node that runs for months repeats itself rather than remember everything it ever said. */
const SAID_MAX = 1_000

/** Says problems, once each, as lines on stderr. */
export function problemLines(context: Context): (text: string) => void {
  const said = new Set<string>()
  return (text) => {
    if (said.has(text)) return
    if (said.size >= SAID_MAX) said.clear()
    said.add(text)
    context.stderr(`p2pjobs: ${escapeText(text)}\n`)
  }
}
