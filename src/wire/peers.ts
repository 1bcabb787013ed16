/**
 * Whom members know: the asker sends one frame with those it is connected to, and tells of others;
 * the answer is a frame that tells of the rest.
 */
import { ADDRESS_CHARACTERS_MAX, MEMBERS_MAX, TOLD_ADDRESSES_MAX } from '../core/limits.ts'
import type { PeerAddresses, PeersQuestion } from '../core/members/events.ts'
import type { NodeId } from '../core/types.ts'
import { badMessage } from './bad-message.ts'
import { decodeHead } from './codec.ts'
import type { Fields } from './codec.ts'
import { encodeHead } from './message-pack-writer.ts'
import type { Field } from './message-pack-writer.ts'

/** The peer id of an Ed25519 key as text. */
const PEER = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/
const PEER_CHARACTERS = 52

export function encodePeersQuestion({ have, told }: PeersQuestion): Uint8Array {
  return encodeHead([have, told.map(toldFields)]).slice()
}

/** Throws BAD_MESSAGE. */
export function decodePeersQuestion(bytes: Uint8Array): PeersQuestion {
  const fields = decodeHead(bytes)
  const have = fields.optional((field) => field.texts(MEMBERS_MAX, PEER_CHARACTERS).map(peerOf))
  return { have, told: fields.lists(MEMBERS_MAX, readTold) }
}

export function encodePeersAnswer(told: readonly PeerAddresses[]): Uint8Array {
  return encodeHead([told.map(toldFields)]).slice()
}

/** Throws BAD_MESSAGE. */
export function decodePeersAnswer(bytes: Uint8Array): PeerAddresses[] {
  return decodeHead(bytes).lists(MEMBERS_MAX, readTold)
}

function toldFields({ peer, addresses }: PeerAddresses): Field[] {
  return [peer, addresses]
}

/** The addresses are read as any text: what of them is of use, is decided elsewhere. */
function readTold(fields: Fields): PeerAddresses {
  return {
    peer: peerOf(fields.text(PEER_CHARACTERS)),
    addresses: fields.texts(TOLD_ADDRESSES_MAX, ADDRESS_CHARACTERS_MAX)
  }
}

function peerOf(text: string): NodeId {
  if (!PEER.test(text)) throw badMessage('something else than a peer id')
  return text as NodeId
}
