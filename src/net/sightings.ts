/**
 * Which peers were heard, and where each of them can be dialled now.
 *
 * A peer is heard separately on each interface that both have, with the address it has there, and
 * may change any of them at any time. Pure: instants are passed in.
 */
import { ADDRESSES_MAX, MEMBERS_MAX } from '../core/limits.ts'
import type { Millis } from '../core/types.ts'
import { TTL_SECONDS } from './mdns-records.ts'

interface Mention {
  readonly addresses: readonly string[]
  readonly heardAt: Millis
}

export class Sightings {
  // Both maps are kept in the order of hearing, the latest last.
  readonly #peers = new Map<string, Map<string, Mention>>()

  /** Number of peers remembered. */
  get size(): number {
    return this.#peers.size
  }

  /**
   * Takes what was heard of a peer on interface `via` and returns all its addresses that still
   * hold, those heard last first.
   */
  heard(peer: string, via: string, addresses: readonly string[], now: Millis): string[] {
    const mentions = this.#peers.get(peer) ?? new Map<string, Mention>()
    this.#peers.delete(peer)
    this.#peers.set(peer, mentions)
    mentions.delete(via)
    mentions.set(via, { addresses, heardAt: now })
    for (const [interfaceKey, { heardAt }] of mentions) {
      if (now - heardAt > TTL_SECONDS * 1_000) mentions.delete(interfaceKey)
    }
    this.#forgetOldest()
    const latestFirst = [...mentions.values()].reverse()
    return [...new Set(latestFirst.flatMap((mention) => mention.addresses))].slice(0, ADDRESSES_MAX)
  }

  /** Forgets a peer that said goodbye; false if it was not known. */
  gone(peer: string): boolean {
    return this.#peers.delete(peer)
  }

  /** Forgets what was heard on an interface that is no more. */
  closed(via: string): void {
    for (const mentions of this.#peers.values()) mentions.delete(via)
  }

  #forgetOldest(): void {
    for (const peer of this.#peers.keys()) {
      if (this.#peers.size <= MEMBERS_MAX) return
      this.#peers.delete(peer)
    }
  }
}
