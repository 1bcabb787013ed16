/** One end of a session, spoken by hand. */
import { KEEP_DURABLE_MS } from '../../src/core/limits.ts'
import type { MasterMessage, WorkerMessage } from '../../src/core/messages.ts'
import { FrameBuilder } from '../../src/wire/frame.ts'
import { masterEnd, workerEnd } from '../../src/wire/session.ts'
import type { SessionCodec } from '../../src/wire/session.ts'
import { ref, SPEC } from './machines.ts'
import type { RawStream } from './raw-peer.ts'

/** The frames of messages. */
export function framesOf<Out>(
  codec: Pick<SessionCodec<Out, never>, 'encode'>,
  messages: readonly Out[]
): Uint8Array {
  const builder = new FrameBuilder()
  for (const message of messages) builder.add(codec.encode(message))
  return Buffer.concat(builder.take())
}

export class RawSession<Out, In extends { readonly type: string }> {
  readonly stream: RawStream
  readonly #codec: SessionCodec<Out, In>
  readonly #heard: In[] = []

  constructor(stream: RawStream, codec: SessionCodec<Out, In>) {
    this.stream = stream
    this.#codec = codec
  }

  say(...messages: Out[]): void {
    this.stream.send(framesOf(this.#codec, messages))
  }

  /** The next message of that type; what comes before it is passed over. */
  async hears<Type extends In['type']>(type: Type): Promise<Extract<In, { type: Type }>> {
    const is = (message: In): message is Extract<In, { type: Type }> => message.type === type
    while (true) {
      for (let next = this.#heard.shift(); next !== undefined; next = this.#heard.shift()) {
        if (is(next)) return next
      }
      const body = await this.stream.frame()
      if (body === undefined) throw new Error(`the session ended before a '${type}'`)
      this.#heard.push(...this.#codec.decode(body))
    }
  }
}

export function asWorker(stream: RawStream): RawSession<WorkerMessage, MasterMessage> {
  return new RawSession(stream, workerEnd)
}

export function asMaster(stream: RawStream): RawSession<MasterMessage, WorkerMessage> {
  return new RawSession(stream, masterEnd)
}

export const KEPT: MasterMessage = { type: 'kept', canceled: [], leaseMs: 6_000, keepMs: 60_000 }

/** The same of a master that comes back after its end. */
export const KEPT_DURABLE: MasterMessage = { ...KEPT, keepMs: KEEP_DURABLE_MS }

/** What a master says to lease one task of job 1, first of all in a session. */
export function leaseOf(task: number): MasterMessage[] {
  const leases = [{ ...ref(task), input: new Uint8Array(0) }]
  return [
    KEPT,
    { type: 'spec', job: ref(task).job, spec: SPEC },
    { type: 'leases', batch: 1, used: 1, more: false, leases }
  ]
}
