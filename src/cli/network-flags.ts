/**
 * From the flags that every networked command has to the way a node joins its network.
 */
import { hostname } from 'node:os'
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
import { givenToken } from './token-input.ts'

export interface NetworkFlags {
  readonly listen: readonly string[]
  readonly join: readonly string[]
  readonly noMdns: boolean
  readonly insecureOpen: boolean
  readonly tokenFile: string | undefined
}

type Credentials = JoinOptions['credentials']

/** The network this home belongs to, by what it keeps and what it is given now. */
export async function credentialsOf(
  place: NetworkPlace,
  { tokenFile, insecureOpen }: Pick<NetworkFlags, 'tokenFile' | 'insecureOpen'>,
  context: Context
): Promise<Credentials | undefined> {
  if (insecureOpen) return openNetwork()
  const token = await givenToken(tokenFile, context)
  return token === undefined ? keptCredentials(place) : acceptToken(place, token)
}

/** Throws NOT_A_MASTER for credentials that cannot publish work. */
export function requireMaster(credentials: Credentials): void {
  if (!mayBeMaster(credentials)) throw notAMaster()
}

export function joinOptions(flags: NetworkFlags, credentials: Credentials): JoinOptions {
  const { listen, join, noMdns } = flags
  return { credentials, listen, join, isDiscovering: !noMdns }
}

/** What this node is called when nobody says otherwise. */
export function defaultName(): string {
  return hostname().split('.')[0] ?? 'node'
}

/** Says problems once each, as lines on stderr. */
export function problemLines(context: Context, say: (text: string) => string): (t: string) => void {
  const said = new Set<string>()
  return (text) => {
    if (said.has(text) || said.size > SAID_MAX) return
    said.add(text)
    context.stderr(say(text))
  }
}

/** A node that runs for months repeats itself rather than remember everything it ever said. */
const SAID_MAX = 1_000
