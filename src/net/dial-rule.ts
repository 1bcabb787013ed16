/**
 * Which addresses may be dialed by a node that is to stay within its machine.
 *
 * To listen on loopback only is not enough for that: whom a node dials can send it work as well,
 * and anybody on the LAN can be seen, or be told of by others.
 */
import { multiaddr } from '@multiformats/multiaddr'
import { bareAddress, isLoopback } from '../core/members/reach.ts'

export type DialRule = (address: string) => boolean

/** Loopback only, and what its user named. Throws for a name that is no address. */
export function withinThisMachine(named: readonly string[]): DialRule {
  const allowed = new Set(named.map((address) => bareAddress(multiaddr(address).toString())))
  return (address) => isLoopback(address) || allowed.has(bareAddress(address))
}
