/**
 * The credentials of a network in a home: kept, given anew, or made.
 */
import { operatingErrorOf, P2pJobsError } from '../core/errors.ts'
import { openHome, resolveHome } from '../home/home.ts'
import type { Environment, HomeFolders } from '../home/home.ts'
import { DEFAULT_NETWORK, readToken, writeToken } from '../home/networks.ts'
import { createCredentials, isFull, openCredentials } from '../trust/credentials.ts'
import type { Credentials } from '../trust/credentials.ts'
import { encodeToken, mergeCredentials, parseToken } from '../trust/token.ts'

/** Which network of which home; `warn` is told what a person should know, in one line. */
export interface NetworkPlace {
  readonly home: HomeFolders
  readonly network: string
  warn(line: string): void
}

/** The home of this environment, opened, and its default network if none is named. Throws BAD_HOME. */
export function placeOf(
  environment: Environment,
  network: string | undefined,
  warn: (line: string) => void
): NetworkPlace {
  const home = openHome(resolveHome(environment))
  return { home, network: network ?? DEFAULT_NETWORK, warn }
}

/**
 * The credentials kept for the network, or undefined. Throws BAD_TOKEN when the file cannot be
 * understood, USAGE for a name that no network can have.
 */
export function keptCredentials(place: NetworkPlace): Credentials | undefined {
  const token = readToken(place.home, place.network, (line) => place.warn(line))
  if (token === undefined) return undefined
  try {
    return parseToken(token)
  } catch (cause) {
    throw new P2pJobsError(
      'BAD_TOKEN',
      `the token kept in ${place.home.config} for network '${place.network}' is damaged; ` +
        'give it again, with `p2pjobs node --token-file FILE` or P2PJOBS_TOKEN',
      { cause }
    )
  }
}

/**
 * Takes a token that was given and keeps it; a full one upgrades what was kept, and any one takes
 * the place of what is damaged. Throws BAD_TOKEN for one that cannot be read or belongs to another
 * network.
 */
export function acceptToken(place: NetworkPlace, token: string): Credentials {
  const given = parseToken(token)
  const kept = undamaged(place)
  const credentials = kept === undefined ? given : mergeCredentials(kept, given)
  keep(place, credentials)
  return credentials
}

/**
 * What a program joins with: the token it gives, by default that of its environment, or what is kept.
 * Undefined where there is none. Throws as `acceptToken` and `keptCredentials` do.
 */
export function programCredentials(
  place: NetworkPlace,
  token = process.env['P2PJOBS_TOKEN'] ?? ''
): Credentials | undefined {
  return token === '' ? keptCredentials(place) : acceptToken(place, token)
}

function undamaged(place: NetworkPlace): Credentials | undefined {
  try {
    return keptCredentials(place)
  } catch (error) {
    if (operatingErrorOf(error)?.code === 'BAD_TOKEN') return undefined
    throw error
  }
}

/** Makes a new network, of which this home is the first master. */
export function makeNetwork(place: NetworkPlace): Credentials {
  const credentials = createCredentials()
  keep(place, credentials)
  return credentials
}

/** The network that needs no token and that nothing protects; nothing of it is kept. */
export function openNetwork(): Credentials {
  return openCredentials()
}

/** The token of these credentials as text to paste. Throws NOT_A_MASTER for a full one of a worker. */
export function tokenOf(credentials: Credentials, kind: 'work' | 'full'): string {
  return encodeToken(credentials, kind)
}

/** Whether these credentials make masters. */
export function mayBeMaster(credentials: Credentials): boolean {
  return isFull(credentials)
}

/** How a program is given a token. */
export const TOKEN_OPTIONS = '`token`, or P2PJOBS_TOKEN'

/** What to do when there is no token. `how`: where this caller takes one from. */
export function noNetwork({ network }: Pick<NetworkPlace, 'network'>, how: string): P2pJobsError {
  const flag = network === DEFAULT_NETWORK ? '' : ` --network ${network}`
  return new P2pJobsError(
    'NO_NETWORK',
    `this home has no token of the network '${network}'; give it the one that \`p2pjobs token\` ` +
      `prints on the master (${how}), or make a network with \`p2pjobs node --master${flag}\``
  )
}

/** What to do when there is only a work token. */
export function notAMaster(): P2pJobsError {
  return new P2pJobsError(
    'NOT_A_MASTER',
    'this home holds only a work token, which cannot publish work; give it the token that ' +
      '`p2pjobs token --full` prints on the master, or stay on this machine (`run --local`, ' +
      '`local: true` in a program)'
  )
}

function keep(place: NetworkPlace, credentials: Credentials): void {
  const kind = isFull(credentials) ? 'full' : 'work'
  writeToken(place.home, place.network, encodeToken(credentials, kind))
}
