/**
 * Asking a member whom it knows, and telling it of others.
 */
import type { Connection, Stream } from '@libp2p/interface'
import { FRAME_BYTES_MAX } from '../core/limits.ts'
import type { PeerAddresses, PeersQuestion } from '../core/members/events.ts'
import {
  decodePeersAnswer,
  decodePeersQuestion,
  encodePeersAnswer,
  encodePeersQuestion
} from '../wire/peers.ts'
import { answerFrame, askFrame } from './exchange.ts'

export const PEERS_PROTOCOL = '/p2pjobs/peers/1.0.0'

const TIMEOUT_MS = 5_000
const PEERS = { what: 'list of members', bytesMax: FRAME_BYTES_MAX, timeoutMs: TIMEOUT_MS }

/** Sends a question, and returns what the member tells. */
export async function askPeers(
  connection: Connection,
  question: PeersQuestion
): Promise<PeerAddresses[]> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  const stream = await connection.newStream(PEERS_PROTOCOL, { signal })
  return decodePeersAnswer(await askFrame(stream, encodePeersQuestion(question), PEERS))
}

/** Answers one question. Throws BAD_MESSAGE for what is none; the stream is reset then. */
export async function servePeers(
  stream: Stream,
  answerTo: (question: PeersQuestion) => Promise<readonly PeerAddresses[]>
): Promise<void> {
  await answerFrame(
    stream,
    async (question) => encodePeersAnswer(await answerTo(decodePeersQuestion(question))),
    PEERS
  )
}
