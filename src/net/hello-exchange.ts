/**
 * The hello on its stream: one frame each way, within three seconds.
 *
 * Short enough for `it-pipe`, whose streams have no backpressure when read.
 */
import type { Stream } from '@libp2p/interface'
import { messageStreamToDuplex } from '@libp2p/utils'
import { pipe } from 'it-pipe'
import { P2pJobsError, toError } from '../core/errors.ts'
import { encodeFrame, FrameParser } from '../wire/frame.ts'
import { HELLO_BYTES_MAX } from '../wire/hello.ts'

export const HELLO_TIMEOUT_MS = 3_000

type Duplex = ReturnType<typeof messageStreamToDuplex>

/** Sends a frame and returns the body of the answer. The stream is reset when it fails. */
export async function askHello(stream: Stream, question: Uint8Array): Promise<Uint8Array> {
  return await exchange(stream, (duplex) => pipe([encodeFrame(question)], duplex, firstFrame))
}

/** Reads a frame and sends what `answer` makes of it. The stream is reset when it fails. */
export async function answerHello(
  stream: Stream,
  answer: (question: Uint8Array) => Promise<Uint8Array>
): Promise<void> {
  await exchange(stream, async ({ source, sink }) => {
    const question = await pipe(source, firstFrame)
    await pipe([encodeFrame(await answer(question))], sink)
  })
}

async function exchange<T>(stream: Stream, work: (duplex: Duplex) => Promise<T>): Promise<T> {
  // Of a stream that is over, no event would ever come.
  if (stream.status !== 'open') throw new Error(`the stream of the hello is ${stream.status}`)
  const timer = setTimeout(() => {
    stream.abort(new P2pJobsError('UNREACHABLE', 'no hello in time'))
  }, HELLO_TIMEOUT_MS)
  try {
    return await work(messageStreamToDuplex(stream))
  } catch (error) {
    // A pipe that fails leaves its stream open: the other side would wait in vain.
    stream.abort(toError(error))
    throw error
  } finally {
    clearTimeout(timer)
  }
}

async function firstFrame(
  source: AsyncIterable<Uint8Array | Iterable<Uint8Array>>
): Promise<Uint8Array> {
  const parser = new FrameParser(HELLO_BYTES_MAX)
  for await (const data of source) {
    for (const chunk of data instanceof Uint8Array ? [data] : data) {
      for (const frame of parser.push(chunk)) return frame
    }
  }
  throw new Error('the stream ended before the hello')
}
