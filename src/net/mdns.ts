/**
 * Discovery: finds the peers of the same network on the LAN by multicast DNS, without any server.
 *
 * Speaks on every usable interface, and on each announces only the address it has there. Looks
 * again every few seconds, because interfaces come, go and come back under the same name. It only
 * says what it heard; whether a peer is what it claims, and when it is gone, connections tell.
 */
import { toError } from '../core/errors.ts'
import { localInterfaces } from './interfaces.ts'
import type { LocalInterface } from './interfaces.ts'
import { answerRecords, goodbyeRecords, readRecords } from './mdns-records.ts'
import type { HeardRecord, SpokenRecord } from './mdns-records.ts'
import { MdnsSocket } from './mdns-socket.ts'
import { Sightings } from './sightings.ts'

/** A peer that was heard, and the multiaddrs (without `/p2p`) to dial it at, the latest first. */
export interface Sighting {
  readonly peer: string
  readonly addresses: readonly string[]
}

export interface DiscoveryInit {
  /** For instance `_p2pjobs-1a2b3c4d._udp.local`: one per network, so that networks do not mix. */
  readonly serviceTag: string
  /** The peer id of this node. */
  readonly peer: string
  /** TCP ports on which this node listens at one of its addresses; read at each answer. */
  ports(address: string): readonly number[]
  /** Also meet the nodes of this machine itself, even with no network. Default: true. */
  readonly loopback?: boolean
  /** Called at each answer heard, with the addresses that hold now. */
  onSighting(sighting: Sighting): void
  /** Called when a peer that was seen says goodbye. Anybody can say it for it: a hint, no proof. */
  onGone?(peer: string): void
  /** One line for the user; each cause is told once. */
  onNotice(text: string): void
  /** The interfaces to use, asked for every few seconds. Default: all usable ones. */
  interfaces?(): readonly LocalInterface[]
}

export interface Discovery {
  /** Says goodbye and closes everything. Takes about half a second at most; never rejects. */
  stop(): Promise<void>
  /** Asks now, beside the schedule. */
  refresh(): void
  /** The interfaces in use, each as name and address. */
  readonly interfaces: readonly string[]
}

const SCAN_MS = 2_000
// A scan this late means that the machine slept or the process was stopped.
const SLEPT_MS = 10_000
// Deaf again after a new start is no accident of a moment.
const DEAF_MAX = 2

/** Starts to look for peers, and to answer those who look. */
export function startDiscovery(init: DiscoveryInit): Discovery {
  return new MdnsDiscovery(init)
}

class MdnsDiscovery implements Discovery {
  readonly #init: DiscoveryInit
  readonly #sockets = new Map<string, MdnsSocket>()
  readonly #closing = new Set<Promise<void>>()
  readonly #sightings = new Sightings()
  readonly #noticed = new Set<string>()
  readonly #scanTimer: NodeJS.Timeout
  #scannedAt = Date.now()
  #stopped: Promise<void> | undefined

  constructor(init: DiscoveryInit) {
    this.#init = init
    this.#scanTimer = setInterval(() => this.#scan(), SCAN_MS)
    this.#scan()
  }

  get interfaces(): readonly string[] {
    return [...this.#sockets.values()].map(({ at }) => `${at.name} ${at.address}`)
  }

  refresh(): void {
    for (const socket of this.#sockets.values()) socket.ask()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    clearInterval(this.#scanTimer)
    const lastWords = goodbyeRecords(this.#init.serviceTag, this.#init.peer)
    for (const socket of this.#sockets.values()) this.#close(socket, lastWords)
    await Promise.all(this.#closing)
  }

  #scan(): void {
    const wanted = new Map(this.#listInterfaces().map((at) => [at.key, at]))
    for (const [key, socket] of this.#sockets) {
      if (!wanted.has(key)) {
        this.#sightings.closed(key)
        this.#close(socket)
      } else if (socket.isDeaf) {
        this.#rejoin(socket)
      }
    }
    for (const [key, at] of wanted) if (!this.#sockets.has(key)) this.#open(at)
    this.#noteSleep()
  }

  #listInterfaces(): readonly LocalInterface[] {
    try {
      const interfaces = this.#init.interfaces?.() ?? localInterfaces(this.#init.loopback ?? true)
      if (interfaces.every(({ address }) => address.startsWith('127.'))) {
        this.#notice('no network found: only nodes of this machine will be met until there is one')
      }
      return interfaces
    } catch (error) {
      const { message } = toError(error)
      this.#notice(`cannot list the network interfaces (${message}): name nodes with --join`)
      return [...this.#sockets.values()].map(({ at }) => at)
    }
  }

  /** After a sleep of the machine everything may have changed: ask as if just started. */
  #noteSleep(): void {
    const now = Date.now()
    // The wall clock, as a monotonic one stands still while the machine sleeps.
    if (now - this.#scannedAt > SLEPT_MS) {
      for (const socket of this.#sockets.values()) socket.restart()
    }
    this.#scannedAt = now
  }

  #open(at: LocalInterface, former?: MdnsSocket): void {
    const { serviceTag, peer } = this.#init
    const socket = new MdnsSocket({
      at,
      serviceTag,
      // A deaf socket is replaced by one that asks as if just started; if that is deaf too, the
      // next ones go on with the schedule, or they would ask without end.
      asked: former !== undefined && former.deafCount >= DEAF_MAX ? former.asked : 0,
      deafBefore: former?.deafCount ?? 0,
      answer: () => {
        const ports = this.#init.ports(at.address)
        return ports.length === 0 ? [] : answerRecords(serviceTag, peer, at.address, ports)
      },
      onRecords: (records) => this.#onRecords(records, at),
      onPortRefused: ({ code }) =>
        this.#notice(
          `cannot look for nodes: UDP port 5353 is not free (${code ?? 'refused'}): end the ` +
            'program that keeps it for itself, or name nodes with --join'
        )
    })
    this.#sockets.set(at.key, socket)
  }

  #rejoin(former: MdnsSocket): void {
    if (former.deafCount === DEAF_MAX) {
      const { name, address } = former.at
      const reason = former.failure === undefined ? '' : ` (${former.failure.message})`
      this.#notice(
        `multicast does not work on ${name} ${address}${reason}: let UDP port 5353 through its ` +
          'firewall, or name nodes with --join'
      )
    }
    this.#close(former)
    this.#open(former.at, former)
  }

  #close(socket: MdnsSocket, lastWords: SpokenRecord[] = []): void {
    this.#sockets.delete(socket.at.key)
    const closed = socket.close(lastWords).then(() => void this.#closing.delete(closed))
    this.#closing.add(closed)
  }

  #onRecords(records: readonly HeardRecord[], at: LocalInterface): void {
    const heard = readRecords(this.#init.serviceTag, records, at)
    if (heard === undefined || heard.peer === this.#init.peer || this.#stopped) return
    const { peer } = heard
    if (heard.type === 'goodbye') {
      if (this.#sightings.gone(peer)) this.#init.onGone?.(peer)
      return
    }
    const addresses = this.#sightings.heard(peer, at.key, heard.addresses, performance.now())
    this.#init.onSighting({ peer, addresses })
  }

  #notice(text: string): void {
    if (this.#noticed.has(text)) return
    this.#noticed.add(text)
    this.#init.onNotice(text)
  }
}
