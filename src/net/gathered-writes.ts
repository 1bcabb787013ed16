/**
 * Fewer, fuller writes on a connection. Left alone, js-libp2p answers every frame that arrives with a
 * frame of its own that widens the sender's window, and writes the length of each Noise message apart:
 * one task and its result were 16 writes, most of which woke the other side. Now they are two.
 */
import type { MessageStream } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'

const NOISE_LENGTH_BYTES = 2
const YAMUX_HEADER_BYTES = 12
const YAMUX_WINDOW_UPDATE = 1
const LENGTH_AT = 8
/**
 * How long a window update waits, and how wide a sender may do without it: less than half of the
 * smallest window, so that of a blob every second chunk is answered.
 */
const PATIENCE_MS = 2
const PATIENT_BYTES_MAX = 96 * 1024

type Data = Parameters<MessageStream['send']>[0]

/** Lets a connection write what it is given in one piece: the socket has one write for each. */
export function writeWhole(connection: MessageStream): void {
  const send = connection.send.bind(connection)
  connection.send = (data) => send(data instanceof Uint8Array ? data : data.subarray())
}

/**
 * Lets what widens a stream's window wait for a moment for something that it can leave with, unless
 * the other side may need it to go on. One that is lost since the connection ends is missed by nobody.
 */
export function gatherWindowUpdates(connection: MessageStream): void {
  const send = connection.send.bind(connection)
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let patience: NodeJS.Timeout | undefined
  const take = (): Uint8Array[] => {
    const updates = waiting
    waiting = []
    waitingBytes = 0
    return updates
  }
  const onImpatient = (): void => {
    patience = undefined
    if (waiting.length > 0 && connection.status === 'open') send(concat(take()))
  }
  connection.send = (data) => {
    const update = windowUpdate(data)
    if (update === undefined) {
      return send(waiting.length === 0 ? data : concat([...take(), data.subarray()]))
    }
    waiting.push(update)
    waitingBytes += new DataView(update.buffer, update.byteOffset).getUint32(LENGTH_AT)
    if (waitingBytes > PATIENT_BYTES_MAX) return send(concat(take()))
    patience ??= setTimeout(onImpatient, PATIENCE_MS)
    return !connection.writableNeedsDrain
  }
}

/** One of a stream that is open already: what opens, ends or resets one is not held back. */
function windowUpdate(data: Data): Uint8Array | undefined {
  if (data.byteLength !== YAMUX_HEADER_BYTES) return undefined
  const header = data.subarray()
  const isPlain = header[1] === YAMUX_WINDOW_UPDATE && header[2] === 0 && header[3] === 0
  return isPlain ? header : undefined
}

/**
 * Behind each Noise message its reader looks for the length of the next one, and says by an error
 * that there is none. Making one there takes 36 us: the same one serves as well. Without it things
 * are slower, and no different.
 */
export function saveErrors(connection: MessageStream): void {
  const { decoder } = connection as { decoder?: { lengthDecoder?: (data: Data) => number } }
  const read = decoder?.lengthDecoder
  if (decoder === undefined || read === undefined) return
  const tooShort = new RangeError('the length of the next message has not come')
  decoder.lengthDecoder = (data) => {
    if (data.byteLength < NOISE_LENGTH_BYTES) throw tooShort
    return read(data)
  }
}
