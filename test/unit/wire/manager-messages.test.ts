/** Messages of shared objects as bytes: the examples of docs/PROTOCOL.md, and what is refused. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { encode } from '@msgpack/msgpack'
import type { Answer, Call } from '../../../src/core/manager/calls.ts'
import type { ClientMessage, ManagerMessage } from '../../../src/core/manager/messages.ts'
import { encodeFrame, FrameBuilder, FrameParser } from '../../../src/wire/frame.ts'
import { clientEnd, managerEnd } from '../../../src/wire/manager-messages.ts'
import type { ManagerSessionCodec } from '../../../src/wire/manager-messages.ts'

const NO_VALUES: readonly Uint8Array[] = []

const PUT: Call = {
  handle: 1,
  op: 'put',
  timeoutMs: undefined,
  args: [],
  values: [Uint8Array.of(1, 5)]
}
const ATTACH: Call = {
  handle: 1,
  op: 'attach',
  timeoutMs: undefined,
  args: [0, 'jobs', 10],
  values: NO_VALUES
}
const GOT: Answer = {
  request: 3,
  status: 'ok',
  args: [7, 8],
  values: [Uint8Array.of(1, 5), Uint8Array.of(1, 6)]
}
const EMPTY: Answer = { request: 4, status: 'empty', args: [], values: NO_VALUES }

const FROM_CLIENTS: Readonly<Record<string, ClientMessage>> = {
  open: {
    type: 'open',
    ...{ client: 'c.1', name: 'lab1', manager: 'queues', epoch: undefined, answers: 0 }
  },
  calls: { type: 'calls', first: 1, answers: 0, calls: [ATTACH, PUT] },
  renewal: { type: 'renewal', answers: 4 },
  bye: { type: 'bye' }
}

const FROM_MANAGERS: Readonly<Record<string, ManagerMessage>> = {
  opened: { type: 'opened', epoch: 'e', leaseMs: 6_000, calls: 0 },
  refused: { type: 'refused', reason: 'lost' },
  answers: { type: 'answers', first: 3, answers: [GOT, EMPTY] },
  renewed: { type: 'renewed', calls: 4 }
}

function framesOf<Out, In>(codec: ManagerSessionCodec<Out, In>, ...messages: Out[]): Uint8Array[] {
  const builder = new FrameBuilder()
  for (const message of messages) for (const raw of codec.encode(message)) builder.add(raw)
  return builder.take()
}

function bodiesOf(frames: readonly Uint8Array[]): Uint8Array[] {
  const parser = new FrameParser()
  return frames.flatMap((frame) => [...parser.push(frame)])
}

const DOCUMENT = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8')

function exampleOf(name: string): string {
  return new RegExp(`^manager ${name} +([0-9a-f]+)$`, 'm').exec(DOCUMENT)?.[1] ?? 'none'
}

describe('messages of shared objects', () => {
  for (const [name, message] of Object.entries(FROM_CLIENTS)) {
    it(`${name} is as documented`, () => {
      const [frame] = framesOf(clientEnd(), message)
      expect(Buffer.from(frame!).toString('hex')).to.equal(exampleOf(name))
      expect(managerEnd().decode(bodiesOf([frame!])[0]!)).to.deep.equal([message])
    })
  }

  for (const [name, message] of Object.entries(FROM_MANAGERS)) {
    it(`${name} is as documented`, () => {
      const [frame] = framesOf(managerEnd(), message)
      expect(Buffer.from(frame!).toString('hex')).to.equal(exampleOf(name))
      expect(clientEnd().decode(bodiesOf([frame!])[0]!)).to.deep.equal([message])
    })
  }

  it('values larger than a frame come in parts, in order with what is around them', () => {
    const large = new Uint8Array(3_000_000).map((_, at) => at % 251)
    const messages: ClientMessage[] = [
      FROM_CLIENTS['renewal']!,
      { type: 'calls', first: 2, answers: 4, calls: [PUT, { ...PUT, values: [large] }, PUT] },
      FROM_CLIENTS['bye']!
    ]
    const end = managerEnd()
    const read = bodiesOf(framesOf(clientEnd(), ...messages)).flatMap((body) => end.decode(body))
    expect(read).to.deep.equal(messages)
  })

  it('parts without end are refused', () => {
    const part = { type: 64, fields: [], payloads: [new Uint8Array(262_144)] }
    const builder = new FrameBuilder()
    builder.add(part)
    const [body] = bodiesOf(builder.take())
    const end = managerEnd()
    expect(() => {
      for (let count = 0; count < 1_000; count++) end.decode(body!)
    }).to.throw('in parts that are too many')
  })

  for (const [what, type, head] of [
    ['an operation that there is none', 2, [1, 0, [[1, 200, null, null]]]],
    ['a call that is no list', 2, [1, 0, ['put']]],
    ['a timeout below zero', 2, [1, 0, [[1, 4, -1, null]]]],
    ['a value longer than its message', 2, [1, 0, [[1, 4, null, 10]]]],
    ['sizes that are none', 2, [1, 0, [[1, 4, null, [1.5]]]]],
    ['an argument that is a list', 2, [1, 0, [[1, 4, null, null, [1]]]]],
    ['an argument that is too long', 2, [1, 0, [[1, 4, null, null, 'x'.repeat(1_025)]]]],
    ['calls numbered from zero', 2, [0, 0, []]],
    ['too few fields', 1, ['c']]
  ] as const) {
    it(`${what} is refused`, () => {
      const bytes = encode(head)
      const header = Buffer.alloc(9)
      header.writeUInt8(type)
      header.writeUInt32BE(bytes.length, 1)
      const [body] = bodiesOf([encodeFrame(Buffer.concat([header, bytes]))])
      expect(() => managerEnd().decode(body!)).to.throw('a peer sent')
    })
  }

  it('types that nobody knows are ignored', () => {
    const builder = new FrameBuilder()
    builder.add({ type: 20, fields: [1], payloads: [] })
    expect(managerEnd().decode(bodiesOf(builder.take())[0]!)).to.deep.equal([])
  })
})
