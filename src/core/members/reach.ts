/**
 * Where a member can be reached, and by whom: addresses are worth telling only to those whom they
 * lead somewhere.
 */
import { ADDRESSES_MAX, TOLD_ADDRESSES_MAX } from '../limits.ts'
import type { Place } from './events.ts'

/** What is known of where a peer is. */
export interface Whereabouts {
  /** Where a user said it is. */
  named: readonly string[]
  /** Where a user said that somebody is, and it was found. */
  foundAt: readonly string[]
  /** Where discovery saw it last. */
  sighted: readonly string[]
  /** Where it was dialed with success. */
  reached: string | undefined
  /** Where it says it listens. */
  listening: readonly string[]
  /** Where other members say it is: dialed last, and told to nobody. */
  heard: readonly string[]
  /** The other end of its connection. */
  place: Place | undefined
}

const IP4 = /^\/ip4\/(\d{1,3}(?:\.\d{1,3}){3})\/tcp\/[1-9]\d{0,4}$/
const IP6 = /^\/ip6\/([0-9a-fA-F:.]{2,45})\/tcp\/[1-9]\d{0,4}$/
// This network, multicast and what is above it; no address, link-local, multicast.
const NOWHERE4 = /^(?:0|22[4-9]|2[3-9]\d)\./
const NOWHERE6 = /^(?:::$|fe[89ab]|ff)/i
const LOOPBACK = /^\/(?:ip4\/127\.|ip6\/::1\/)/

/** An address that can be told: of a TCP port at an IP address that is somebody's. */
export function isTellable(address: string): boolean {
  const host4 = IP4.exec(address)?.[1]
  if (host4 !== undefined) return !NOWHERE4.test(host4)
  const host6 = IP6.exec(address)?.[1]
  return host6 !== undefined && !NOWHERE6.test(host6)
}

/** An address that leads back to the machine on which it is dialed. */
export function isLoopback(address: string): boolean {
  return LOOPBACK.test(address)
}

/** The addresses without the peer id at their end, each once, as far as they can be told. */
export function tellable(addresses: readonly string[]): string[] {
  return [...new Set(addresses.map(bareAddress))].filter(isTellable)
}

/** What to dial to reach a peer from here, what is most sure first. */
export function dialable(of: Whereabouts): string[] {
  const { listening, heard, place } = of
  const own = place?.isHere === true ? listening : listening.filter((each) => !isLoopback(each))
  const all = [...knownFirst(of), ...own, ...heard]
  // The same address may come with a peer id, which says more, and without it.
  const places = new Map<string, string>()
  for (const each of all) {
    const place = bareAddress(each)
    if (each.length > (places.get(place)?.length ?? 0)) places.set(place, each)
  }
  return [...places.values()].slice(0, ADDRESSES_MAX)
}

/**
 * What to tell member `to` of where member `about` is; nothing if there is nothing of use.
 * Hearsay is not passed on, and loopback addresses only within one machine.
 */
export function addressesFor(to: Whereabouts, about: Whereabouts): string[] {
  if (!hasAddresses(about)) return []
  const all = tellable([...knownFirst(about), ...observed(about), ...about.listening])
  const isNear = isSameHost(to.place, about.place)
  return all.filter((each) => isNear || !isLoopback(each)).slice(0, TOLD_ADDRESSES_MAX)
}

/** Whether there is anything that could be told of where it is: not of one that only dials. */
export function hasAddresses(of: Whereabouts): boolean {
  return of.listening.length > 0 || knownFirst(of).length > 0
}

/** What to believe of the addresses that a member at `from` tells. */
export function believable(from: Place | undefined, addresses: readonly string[]): string[] {
  const isHere = from?.isHere === true
  // A member elsewhere has no business with what listens on this machine's loopback.
  const good = tellable(addresses).filter((each) => isHere || !isLoopback(each))
  return good.slice(0, TOLD_ADDRESSES_MAX)
}

/** Where it is for sure, or was said to be by those whom this node trusts most. */
function knownFirst({ reached, named, foundAt, sighted }: Whereabouts): string[] {
  return [...(reached === undefined ? [] : [reached]), ...named, ...foundAt, ...sighted]
}

/**
 * Who dialed us from an address listens there too, in all likelihood: it may know only the
 * address it has inside of a container, or behind a gateway that forwards its port.
 */
function observed({ place, listening }: Whereabouts): string[] {
  const host = place === undefined || place.isDialed ? undefined : hostOf(place.address)
  if (host === undefined) return []
  const family = host.slice(0, '/ip4'.length)
  const ports = listening
    .filter((each) => each.startsWith(family) && !isLoopback(each))
    .map((each) => each.slice(each.lastIndexOf('/') + 1))
  return [...new Set(ports)].map((port) => `${host}/tcp/${port}`)
}

function isSameHost(one: Place | undefined, other: Place | undefined): boolean {
  if (one === undefined || other === undefined) return false
  if (one.isHere || other.isHere) return one.isHere && other.isHere
  const host = hostOf(one.address)
  return host !== undefined && host === hostOf(other.address)
}

/** A multiaddr without the peer id at its end. */
export function bareAddress(address: string): string {
  return address.replace(/\/p2p\/[^/]*$/, '')
}

/** `/ip4/10.0.0.5` of `/ip4/10.0.0.5/tcp/4001`. */
function hostOf(address: string): string | undefined {
  return /^\/ip[46]\/[^/]+/.exec(address)?.[0]
}
