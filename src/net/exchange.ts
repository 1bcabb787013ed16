/**
 * The shortest talk on a stream: one frame each way.
 *
 * Short enough for `it-pipe`, whose streams have no backpressure when read.
 */
import type { Stream } from '@libp2p/interface'
import { messageStreamToDuplex } from '@libp2p/utils'
import { pipe } from 'it-pipe'
import { P2pJobsError, toError } from '../core/errors.ts'
import { encodeFrame, FrameParser } from '../wire/frame.ts'

export interface ExchangeInit {
  /** What is exchanged, for people. */
  readonly what: string
  /** The longest frame that is read. */
  readonly bytesMax: number
  /** The stream is reset when it is not over by then. */
  readonly timeoutMs: number
}

type Duplex = ReturnType<typeof messageStreamToDuplex>

/** Sends a frame and returns the body of the answer. The stream is reset when it fails. */
export async function askFrame(
  stream: Stream,
  question: Uint8Array,
  init: ExchangeInit
): Promise<Uint8Array> {
  return await exchange(stream, init, async (duplex) => {
    return await pipe([encodeFrame(question)], duplex, (source) => firstFrame(source, init))
  })
}

/** Reads a frame and sends what `answerTo` makes of it. The stream is reset when it fails. */
export async function answerFrame(
  stream: Stream,
  answerTo: (question: Uint8Array) => Promise<Uint8Array>,
  init: ExchangeInit
): Promise<void> {
  await exchange(stream, init, async ({ source, sink }) => {
    const question = await pipe(source, (chunks) => firstFrame(chunks, init))
    await pipe([encodeFrame(await answerTo(question))], sink)
  })
}

async function exchange<Result>(
  stream: Stream,
  { what, timeoutMs }: ExchangeInit,
  talk: (duplex: Duplex) => Promise<Result>
): Promise<Result> {
  // Of a stream that is over, no event would ever come.
  if (stream.status !== 'open') throw new Error(`the stream of the ${what} is ${stream.status}`)
  const timer = setTimeout(() => {
    stream.abort(new P2pJobsError('UNREACHABLE', `no ${what} in time`))
  }, timeoutMs)
  try {
    return await talk(messageStreamToDuplex(stream))
  } catch (error) {
    // A pipe that fails leaves its stream open: the other side would wait in vain.
    stream.abort(toError(error))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function firstFrame(
  source: AsyncIterable<Uint8Array | Iterable<Uint8Array>>,
  { what, bytesMax }: ExchangeInit
): Promise<Uint8Array> {
  const parser = new FrameParser(bytesMax)
  for await (const data of source) {
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      for (const frame of parser.push(chunk)) return frame
    }
  }
  // Nobody may be to blame: the stream of a peer that was killed ends like this.
  throw new Error(`the stream ended before the ${what}`)
}
