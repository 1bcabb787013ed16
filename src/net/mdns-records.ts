/**
 * What nodes say to each other by multicast DNS, as DNS records; the format of libp2p's mDNS.
 *
 *     question   PTR  TAG
 *     answer     PTR  TAG -> NAME.TAG      TXT  NAME.TAG  dnsaddr=/ip4/A/tcp/P/p2p/ID
 *     goodbye    PTR  TAG -> NAME.TAG      with a time to live of zero
 *
 * Anybody on the LAN can send these, so nothing in them is believed beyond its shape: who a peer
 * is, the handshake of a connection proves.
 */
import { ADDRESSES_MAX } from '../core/limits.ts'
import { isOnSubnet } from './interfaces.ts'
import type { LocalInterface } from './interfaces.ts'

/** A record as it comes out of a datagram: of any type, holding anything. */
export interface HeardRecord {
  readonly type: string
  readonly name: string
  readonly ttl?: number | undefined
  readonly data?: unknown
}

/** A record that this node sends. */
export interface SpokenRecord {
  type: 'PTR' | 'TXT'
  name: string
  ttl: number
  data: string
}

/** What an answer says: where a peer is, or that it leaves. */
export type Heard = Readonly<
  | { type: 'sighting'; peer: string; addresses: readonly string[] }
  | { type: 'goodbye'; peer: string }
>

/** How long an answer stays true without being repeated, in seconds. */
export const TTL_SECONDS = 120

// A DNS label has at most 63 characters; peer ids in base58 have 46 to 53.
const PEER = '[1-9A-HJ-NP-Za-km-z]{40,63}'
const PEER_ONLY = new RegExp(`^${PEER}$`)
const DNSADDR = new RegExp(
  `^dnsaddr=(/ip4/(\\d{1,3}(?:\\.\\d{1,3}){3})/tcp/([1-9]\\d{0,4}))/p2p/(${PEER})$`
)
// The longest text that can match; longer ones are not even looked at.
const DNSADDR_BYTES_MAX = 120

/** What `peer` answers on one interface, where it listens on `ports`. */
export function answerRecords(
  tag: string,
  peer: string,
  address: string,
  ports: readonly number[]
): SpokenRecord[] {
  const name = `${peer}.${tag}`
  return [
    { type: 'PTR', name: tag, ttl: TTL_SECONDS, data: name },
    ...ports.slice(0, ADDRESSES_MAX).map((port): SpokenRecord => ({
      ...{ type: 'TXT', name, ttl: TTL_SECONDS },
      data: `dnsaddr=/ip4/${address}/tcp/${port}/p2p/${peer}`
    }))
  ]
}

/** What `peer` says when it leaves. Without addresses, so that libp2p's own mDNS overlooks it. */
export function goodbyeRecords(tag: string, peer: string): SpokenRecord[] {
  return [{ type: 'PTR', name: tag, ttl: 0, data: `${peer}.${tag}` }]
}

/** What the records of one answer, heard on interface `at`, say; undefined if nothing of use. */
export function readRecords(
  tag: string,
  records: readonly HeardRecord[],
  at: LocalInterface
): Heard | undefined {
  const pointer = records.find(({ type, name }) => type === 'PTR' && name === tag)
  if (typeof pointer?.data !== 'string') return undefined
  if (pointer.ttl === 0) {
    const peer = pointer.data.slice(0, -(tag.length + 1))
    return pointer.data === `${peer}.${tag}` && PEER_ONLY.test(peer)
      ? { type: 'goodbye', peer }
      : undefined
  }
  return readAddresses(records, at)
}

function readAddresses(records: readonly HeardRecord[], at: LocalInterface): Heard | undefined {
  let peer: string | undefined
  const addresses = new Set<string>()
  for (const text of records.flatMap(textsOf)) {
    const [, address, host, port, id] = DNSADDR.exec(text) ?? []
    if (address === undefined || host === undefined || id === undefined) continue
    // An address of another subnet would have us dial whoever a stranger points at.
    if (Number(port) > 65_535 || !isOnSubnet(host, at)) continue
    peer ??= id
    if (id === peer) addresses.add(address)
    if (addresses.size >= ADDRESSES_MAX) break
  }
  return peer === undefined ? undefined : { type: 'sighting', peer, addresses: [...addresses] }
}

function textsOf({ type, data }: HeardRecord): string[] {
  if (type !== 'TXT') return []
  const parts: unknown[] = Array.isArray(data) ? data : [data]
  return parts.flatMap((part) =>
    part instanceof Uint8Array && part.length <= DNSADDR_BYTES_MAX
      ? [Buffer.from(part).toString('latin1')]
      : typeof part === 'string'
        ? [part]
        : []
  )
}
