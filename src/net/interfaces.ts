/**
 * The network interfaces on which this machine can meet others.
 *
 * Multicast leaves by one interface only, the one the kernel's route names, which on a laptop with
 * a cable, Wi-Fi and containers is often the wrong one. Discovery therefore uses each of them.
 */
import { readFileSync } from 'node:fs'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { NetworkInterfaceInfo } from 'node:os'
import { bareAddress, isLoopback } from '../core/members/reach.ts'

/** One IPv4 address of this machine, and where it is. */
export interface LocalInterface {
  readonly name: string
  readonly address: string
  readonly netmask: string
  /** Differs when an interface was deleted and made again, even with the same name and address. */
  readonly key: string
}

/** More sockets than this help nobody; a host of many containers may have hundreds of interfaces. */
export const INTERFACES_MAX = 16

// Bridges and cables of containers and virtual machines, and tunnels: who is behind them is either
// on this machine or cannot hear multicast, and the addresses they would announce lead nowhere.
const VIRTUAL =
  /^(docker|br-|veth|virbr|vmnet|vnet|lxc|lxd|podman|cni|flannel|cali|tun|tap|utun|wg)/

/**
 * The usable IPv4 interfaces now, loopback last and only if wanted.
 * @throws what the system says when it cannot list them
 */
export function localInterfaces(loopback: boolean): LocalInterface[] {
  return selectInterfaces(networkInterfaces(), loopback, interfaceIndex)
}

/** The same from a given list: `indexOf` tells an interface from a former one of its name. */
export function selectInterfaces(
  all: NodeJS.Dict<NetworkInterfaceInfo[]>,
  loopback: boolean,
  indexOf: (name: string) => string
): LocalInterface[] {
  const outer: LocalInterface[] = []
  const inner: LocalInterface[] = []
  for (const [name, infos] of Object.entries(all)) {
    if (VIRTUAL.test(name)) continue
    for (const { family, internal, address, netmask } of infos ?? []) {
      if (family !== 'IPv4') continue
      const key = `${name} ${address} ${netmask} ${indexOf(name)}`
      ;(internal ? inner : outer).push({ name, address, netmask, key })
    }
  }
  return [...outer.slice(0, INTERFACES_MAX), ...(loopback ? inner.slice(0, 1) : [])]
}

// Of those, the ones that have the same address on many machines, and lead to none of them.
const BRIDGE = /^(docker|br-|veth|virbr|vmnet|vnet|lxc|lxd|podman|cni|flannel|cali)/

/**
 * Of the multiaddrs that a node listens on, those by which others may reach it, without peer id,
 * loopback last. Tunnels count: nodes may have them in common.
 */
export function addressesToTell(
  listening: readonly string[],
  all: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()
): string[] {
  const bridges = hostsOf(all, (name) => BRIDGE.test(name))
  const bare = [...new Set(listening.map(bareAddress))]
  const useful = bare.filter((each) => !bridges.has(hostOf(each) ?? ''))
  // A node that listens nowhere else was told to.
  const told = useful.some((each) => !isLoopback(each)) ? useful : bare
  return [...told.filter((each) => !isLoopback(each)), ...told.filter(isLoopback)]
}

/** True if the multiaddr is at an IP address of this machine. */
export function isOwnAddress(
  address: string,
  all: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces()
): boolean {
  const host = hostOf(address)
  if (host === undefined) return false
  return host.startsWith('127.') || hostsOf(all, () => true).has(host)
}

function hostsOf(
  all: NodeJS.Dict<NetworkInterfaceInfo[]>,
  isWanted: (name: string) => boolean
): Set<string> {
  const infos = Object.entries(all).flatMap(([name, list]) => (isWanted(name) ? (list ?? []) : []))
  return new Set(infos.map(({ address }) => address))
}

/** `10.0.0.5` of `/ip4/10.0.0.5/tcp/4001`. */
function hostOf(address: string): string | undefined {
  return /^\/ip[46]\/([^/]+)/.exec(address)?.[1]
}

/** True if the IPv4 address is on the interface's own subnet. */
export function isOnSubnet(address: string, at: LocalInterface): boolean {
  if (!isIPv4(address)) return false
  const netmask = ipv4Bits(at.netmask)
  return (ipv4Bits(address) & netmask) === (ipv4Bits(at.address) & netmask)
}

function ipv4Bits(address: string): number {
  return address.split('.').reduce((bits, part) => (bits << 8) | Number(part), 0)
}

function interfaceIndex(name: string): string {
  try {
    return readFileSync(`/sys/class/net/${name.replace(/:.*/, '')}/ifindex`, 'utf8').trim()
  } catch {
    // Only Linux tells. Elsewhere a re-created interface shows by its silence, only later.
    return ''
  }
}
