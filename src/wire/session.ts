/**
 * The two ends of a session: messages to frames, frames to messages.
 */
import type { MasterMessage, WorkerMessage } from '../core/messages.ts'
import { messagesOf } from './frame.ts'
import type { RawMessage, ReceivedMessage } from './frame.ts'
import { decodeMasterMessage, encodeMasterMessage } from './master-messages.ts'
import { decodeWorkerMessage, encodeWorkerMessage } from './worker-messages.ts'

/** How one end of a session writes and reads. */
export interface SessionCodec<Out, In> {
  encode(message: Out): RawMessage
  /** The messages of a frame's body that this version knows. Throws BAD_MESSAGE. */
  decode(body: Uint8Array): In[]
}

/** The end of the worker. */
export const workerEnd: SessionCodec<WorkerMessage, MasterMessage> = {
  encode: encodeWorkerMessage,
  decode: (body) => decodeAll(body, decodeMasterMessage)
}

/** The end of the master. */
export const masterEnd: SessionCodec<MasterMessage, WorkerMessage> = {
  encode: encodeMasterMessage,
  decode: (body) => decodeAll(body, decodeWorkerMessage)
}

function decodeAll<In>(
  body: Uint8Array,
  decode: (received: ReceivedMessage) => In | undefined
): In[] {
  const messages: In[] = []
  for (const received of messagesOf(body)) {
    const message = decode(received)
    if (message !== undefined) messages.push(message)
  }
  return messages
}
