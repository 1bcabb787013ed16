/** Names for discovery tests: peer ids that nobody else uses, and networks that nobody else is in. */
import { randomBytes } from 'node:crypto'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Text of the shape of an Ed25519 peer id. */
export function aPeer(): string {
  const letters = [...randomBytes(44)].map((byte) => BASE58[byte % BASE58.length])
  return `12D3KooW${letters.join('')}`
}

/** The service tag of a network of its own. */
export function aServiceTag(): string {
  return `_p2pjobs-${randomBytes(4).toString('hex')}._udp.local`
}
