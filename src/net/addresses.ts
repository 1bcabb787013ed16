/**
 * The addresses that people type: whether they can be ones, and why one could not be listened on.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { P2pJobsError, toError } from '../core/errors.ts'

const HOSTS: readonly string[] = ['ip4', 'ip6', 'dns', 'dns4', 'dns6']

const EXAMPLE = '/ip4/192.168.1.5/tcp/4001'

/** Throws USAGE for a text that no node can listen on. */
export function checkListenAddress(text: string): void {
  checkAddress('listen on', text)
}

/** Throws USAGE for a text that no node can be dialed at. */
export function checkJoinAddress(text: string): void {
  if (checkAddress('join', text) > 0) return
  throw badAddress('join', text, 'port 0 is that of nobody')
}

/** The port. */
function checkAddress(purpose: string, text: string): number {
  const components = componentsOf(purpose, text).filter(({ name }) => name !== 'ip6zone')
  const [host, transport, peer, ...rest] = components
  const isTcp = host !== undefined && HOSTS.includes(host.name) && transport?.name === 'tcp'
  const isWhole = rest.length === 0 && (peer === undefined || peer.name === 'p2p')
  if (!isTcp || !isWhole) throw badAddress(purpose, text, 'nodes speak TCP, and nothing around it')
  return Number(transport.value)
}

function componentsOf(purpose: string, text: string): { name: string; value?: string }[] {
  try {
    return multiaddr(text).getComponents()
  } catch (cause) {
    throw badAddress(purpose, text, toError(cause).message, cause)
  }
}

function badAddress(purpose: string, text: string, problem: string, cause?: unknown): P2pJobsError {
  const message = `cannot ${purpose} ${text}: ${problem}; write the address as ${EXAMPLE}`
  return new P2pJobsError('USAGE', message, { cause })
}

/** What the system says, and what it means to whoever chose the address. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program, or another node, listens there already',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'this user may not listen on that port'
}

/** The error of a node that could not listen, from what libp2p threw; any other one as it is. */
export function listenErrorOf(cause: unknown, addresses: readonly string[]): Error {
  const { message } = toError(cause)
  const [, reason] = Object.entries(REASONS).find(([code]) => message.includes(code)) ?? []
  if (reason === undefined) return toError(cause)
  // libp2p's text has a stack for each address that failed, after its name.
  const failed = addresses.filter((address) => message.includes(`${address}: `))
  const which = (failed.length > 0 ? failed : addresses).join(', ')
  return new P2pJobsError(
    'PORT_IN_USE',
    `cannot listen on ${which}: ${reason}; choose another address (--listen, \`listen\` in ` +
      'a program), or leave it out for a free port',
    { cause }
  )
}

/** What is found in the text of an error of libp2p or the system, and what it means to people. */
const DIAL_PROBLEMS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, 'nothing listens there'],
  [/EHOSTUNREACH|ENETUNREACH/, 'there is no way there from this machine'],
  [/ENOTFOUND|EAI_AGAIN/, 'there is no such name'],
  [/does not match expected/, 'the node there has another peer id than this address'],
  [/Timeout|Abort|timed? ?out|aborted/i, 'no answer in time'],
  [/Encrypt|handshake|newline/i, 'what answers is no node of this network; compare the tokens']
]

/** The error of a dial in words that say what to look at; the cause has libp2p's own. */
export function dialErrorOf(cause: unknown): Error {
  const { name, message } = toError(cause)
  const text = `${name} ${message}`
  const [, problem] = DIAL_PROBLEMS.find(([pattern]) => pattern.test(text)) ?? [undefined, message]
  return new P2pJobsError('UNREACHABLE', problem, { cause })
}
