/**
 * One end of a session between a worker and a master: messages out, messages in.
 *
 * Between nodes a link is a stream of frames; within a process it is two function calls, see
 * `local-link.ts`.
 */
import { toError } from '../core/errors.ts'
import type { BlobRef, Millis } from '../core/types.ts'
import type { RawMessage } from '../wire/frame.ts'
import { FrameBuilder } from '../wire/frame.ts'
import type { FrameStream } from '../net/frame-stream.ts'
import { Company } from './company.ts'

/** How the other side is asked for a blob: it is in our store, with a reference, afterwards. */
export type ObtainBlob = (ref: BlobRef) => Promise<void>

/** How long the other side may take to close, once this one has. */
const CLOSE_WAIT_MS = 5_000

/** How one end of a session writes and reads; what is too large for a frame becomes several messages. */
interface Codec<Out, In> {
  encode(message: Out): RawMessage | readonly RawMessage[]
  decode(body: Uint8Array): In[]
}

export interface Link<Out, In> {
  /** `patienceMs`: how long it may wait for others that it can leave with; 0 if it is left out. */
  send(message: Out, patienceMs?: Millis): void
  /** Resolves when what was sent has left. Throws when the session is over. */
  flushed(): Promise<void>
  /** Ends the session, after what was sent, also if the other side does not end it. */
  close(): void
  /** Ends the session now. */
  abort(reason: string): void
  /** Begins to listen; `onClosed` comes once, whoever ended the session. */
  listen(onMessage: (message: In) => void, onClosed: (error: Error | undefined) => void): void
}

/** A session over a stream: all messages of one turn of the loop go out together. */
export function streamLink<Out, In>(stream: FrameStream, codec: Codec<Out, In>): Link<Out, In> {
  const builder = new FrameBuilder()
  let isFlushDue = false
  let closing: NodeJS.Timeout | undefined
  const add = (message: Out): void => {
    const encoded = codec.encode(message)
    if ('type' in encoded) builder.add(encoded)
    else for (const part of encoded) builder.add(part)
  }
  const flush = (): void => {
    isFlushDue = false
    // Behind the others, whose readers are not to wait for them.
    for (const message of company.take()) add(message)
    stream.send(builder.take())
  }
  const company = new Company<Out>(flush)
  return {
    send(message, patienceMs = 0) {
      if (patienceMs > 0) {
        company.add(message, patienceMs)
        return
      }
      add(message)
      if (isFlushDue) return
      isFlushDue = true
      setImmediate(flush)
    },
    async flushed() {
      flush()
      await stream.flush()
    },
    close() {
      flush()
      void stream.close()
      closing ??= setTimeout(() => {
        stream.abort(new Error('the peer did not close the session'))
      }, CLOSE_WAIT_MS)
      closing.unref()
    },
    abort(reason) {
      stream.abort(new Error(reason))
    },
    listen(onMessage, onClosed) {
      void readAll(stream, codec, onMessage)
        .finally(() => clearTimeout(closing))
        .then(
          () => onClosed(undefined),
          (error: unknown) => onClosed(toError(error))
        )
    }
  }
}

/** The same link, whose end is told to a bystander first. */
export function watchedLink<Out, In>(
  link: Link<Out, In>,
  onClosed: (error: Error | undefined) => void
): Link<Out, In> {
  return {
    ...link,
    listen: (onMessage, onClosedToo) =>
      link.listen(onMessage, (error) => {
        onClosed(error)
        onClosedToo(error)
      })
  }
}

async function readAll<In>(
  stream: FrameStream,
  codec: Pick<Codec<never, In>, 'decode'>,
  onMessage: (message: In) => void
): Promise<void> {
  try {
    await stream.forEachFrame((body) => {
      for (const message of codec.decode(body)) onMessage(message)
    })
    await stream.close()
  } catch (error) {
    stream.abort(toError(error))
    throw error
  }
}
