import { queryObjects } from 'node:v8'
import { expect } from 'chai'
import { FRAME_BYTES_MAX } from '../../../src/core/limits.ts'
import type { MasterMessage, WorkerMessage } from '../../../src/core/messages.ts'
import type { JobId } from '../../../src/core/types.ts'
import { Rng } from '../../../src/core/rng.ts'
import { encodeFrame, FrameBuilder, FrameParser } from '../../../src/wire/frame.ts'
import { masterEnd, workerEnd } from '../../../src/wire/session.ts'
import { examples } from '../../support/examples.ts'
import { SPEC } from '../../support/machines.ts'
import { codeOf } from '../../support/code-of.ts'

const MUTATIONS = 100_000

function bodiesOf(frame: Uint8Array): Uint8Array[] {
  return [...new FrameParser().push(frame)]
}

/** Whoever reads a worker's messages is a master, and the other way round. */
function decode(body: Uint8Array): (WorkerMessage | MasterMessage)[] {
  return [...masterEnd.decode(body), ...workerEnd.decode(body)]
}

function frameOf(message: WorkerMessage | MasterMessage): Uint8Array {
  const builder = new FrameBuilder()
  const isMasters = [
    'kept',
    'spec',
    'leases',
    'cancel',
    'accepted',
    'renewed',
    'forget',
    'drain',
    'read'
  ]
  if (isMasters.includes(message.type)) builder.add(masterEnd.encode(message as MasterMessage))
  else builder.add(workerEnd.encode(message as WorkerMessage))
  return builder.take()[0]!
}

describe('session messages', () => {
  for (const [name, frame] of examples()) {
    it(`${name} is what the document shows, both ways`, () => {
      const [message] = decode(bodiesOf(frame)[0]!)
      expect(message?.type).to.equal(name)
      expect(Buffer.from(frameOf(message!)).toString('hex')).to.equal(
        Buffer.from(frame).toString('hex')
      )
    })
  }

  it('does not keep the frame alive in which a small payload came', () => {
    const input = Uint8Array.of(1, 2, 3)
    const ref = { job: 1 as JobId, task: 1, attempt: 1 }
    const frame = frameOf({
      ...{ type: 'leases', batch: 1, used: 1, more: false, leases: [{ ...ref, input }] }
    })
    // As bytes come from a socket.
    for (const body of bodiesOf(Buffer.from(frame))) {
      const [message] = workerEnd.decode(body)
      const lease = message?.type === 'leases' ? message.leases[0] : undefined
      expect(lease?.input).to.deep.equal(input)
      expect((lease?.input as Uint8Array).buffer.byteLength).to.equal(3)
    }
  })

  it('the document shows all of them', () => {
    expect(examples()).to.have.length(20)
  })

  it('types of a later version are ignored', () => {
    const [, frame] = examples()[0]!
    const body = bodiesOf(frame)[0]!
    body[0] = 99
    expect(decode(body)).to.deep.equal([])
  })

  it('a frame is read the same however it is cut', () => {
    const frame = examples()[3]![1]
    for (let cut = 0; cut <= frame.length; cut++) {
      const parser = new FrameParser()
      const bodies = [...parser.push(frame.subarray(0, cut)), ...parser.push(frame.subarray(cut))]
      expect(bodies.map((body) => decode(body))).to.deep.equal([decode(bodiesOf(frame)[0]!)])
      expect(parser.isInside).to.equal(false)
    }
  })

  it('a frame that is too long is refused by its length alone', () => {
    const length = new Uint8Array(4)
    new DataView(length.buffer).setUint32(0, FRAME_BYTES_MAX + 1)
    expect(codeOf(() => [...new FrameParser().push(length)])).to.equal('BAD_MESSAGE')
  })

  it('a frame that comes byte by byte costs no more than its bytes', function () {
    // Objects are counted by walking the whole heap, twice.
    this.timeout(30_000)
    const frame = encodeFrame(new Uint8Array(100_000).fill(7))
    const parser = new FrameParser()
    const before = queryObjects(Uint8Array, { format: 'count' })
    const bodies = [...frame.subarray(1)].flatMap((byte, at) => {
      if (at === 0) parser.push(frame.subarray(0, 1)).next()
      const complete = [...parser.push(Uint8Array.of(byte))]
      if (at === frame.length - 3)
        expect(queryObjects(Uint8Array, { format: 'count' }) - before).to.be.below(1_000)
      return complete
    })
    expect(bodies).to.have.length(1)
    expect(Buffer.compare(encodeFrame(bodies[0]!), frame)).to.equal(0)
  })

  it('100,000 damaged frames are refused or understood, nothing else', function () {
    this.timeout(30_000)
    const rng = new Rng(1)
    const originals = examples().map(([, frame]) => bodiesOf(frame)[0]!)
    for (let round = 0; round < MUTATIONS; round++) {
      const body = originals[round % originals.length]!.slice()
      for (let flips = rng.integer(1, 3); flips > 0; flips--) {
        body[rng.integer(0, body.length - 1)] = rng.integer(0, 255)
      }
      const code = codeOf(() => decode(body))
      if (code !== undefined)
        expect(code, Buffer.from(body).toString('hex')).to.equal('BAD_MESSAGE')
    }
  })

  it('a deeply nested head is refused', () => {
    const depth = 100_000
    const body = new Uint8Array(9 + depth + 1).fill(0x91)
    const view = new DataView(body.buffer)
    view.setUint8(0, 2)
    view.setUint32(1, depth + 1)
    view.setUint32(5, 0)
    body[body.length - 1] = 0x01
    expect(codeOf(() => decode(body))).to.equal('BAD_MESSAGE')
  })

  it('names that objects inherit are refused where they would become keys, and change nothing', () => {
    const environment = JSON.parse('{"__proto__": "evil"}') as Record<string, string>
    const spec: MasterMessage = { type: 'spec', job: 1 as JobId, spec: { ...SPEC, environment } }
    expect(codeOf(() => decode(bodiesOf(frameOf(spec))[0]!))).to.equal('BAD_MESSAGE')
    const inherited = { ...SPEC, environment: { constructor: 'mine' } }
    const [decoded] = decode(bodiesOf(frameOf({ ...spec, spec: inherited }))[0]!)
    expect(decoded).to.deep.equal({ ...spec, spec: inherited })
    expect(Object.keys(Object.prototype)).to.deep.equal([])
  })
})
