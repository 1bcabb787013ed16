import { mock } from 'node:test'
import type { MessageStream } from '@libp2p/interface'
import { expect } from 'chai'
import { gatherWindowUpdates, saveErrors, writeWhole } from '../../../src/net/gathered-writes.ts'

const SYN = 1
const FIN = 4
const LONGER_THAN_ANY_WAIT_MS = 1_000

/** Stands for a connection: tells what it is given to send. */
class Sends {
  status = 'open'
  writableNeedsDrain = false
  readonly sent: Uint8Array[] = []

  get stream(): MessageStream {
    return this as unknown as MessageStream
  }

  send(data: Uint8Array): boolean {
    this.sent.push(data)
    return true
  }
}

/** Type 1 of Yamux: the other side may send so many bytes more. */
function windowUpdate(bytes: number, flags = 0): Uint8Array {
  const header = new Uint8Array(12)
  const view = new DataView(header.buffer)
  view.setUint8(1, 1)
  view.setUint16(2, flags)
  view.setUint32(4, 1)
  view.setUint32(8, bytes)
  return header
}

function gathered(): Sends {
  const sends = new Sends()
  gatherWindowUpdates(sends.stream)
  return sends
}

describe('writes of a connection', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('are whole: what comes in pieces leaves in one', () => {
    const sends = new Sends()
    writeWhole(sends.stream)
    const pieces = { subarray: () => Uint8Array.of(0, 3, 7, 8, 9) } as unknown as Uint8Array
    sends.stream.send(pieces)
    sends.stream.send(Uint8Array.of(1))
    expect(sends.sent).to.deep.equal([Uint8Array.of(0, 3, 7, 8, 9), Uint8Array.of(1)])
  })

  it('take window updates that wait with them, before what they send', () => {
    const sends = gathered()
    expect(sends.stream.send(windowUpdate(50))).to.equal(true)
    sends.stream.send(windowUpdate(60))
    expect(sends.sent).to.deep.equal([])
    sends.stream.send(Uint8Array.of(1, 2, 3))
    const all = Uint8Array.from([...windowUpdate(50), ...windowUpdate(60), 1, 2, 3])
    expect(sends.sent).to.deep.equal([all])
    sends.stream.send(Uint8Array.of(4))
    expect(sends.sent[1]).to.deep.equal(Uint8Array.of(4))
  })

  it('let a window update leave by itself when nothing is sent', () => {
    const sends = gathered()
    sends.stream.send(windowUpdate(50))
    mock.timers.tick(LONGER_THAN_ANY_WAIT_MS)
    expect(sends.sent).to.deep.equal([windowUpdate(50)])
  })

  it('hold nothing back that the other side may need to go on', () => {
    const sends = gathered()
    sends.stream.send(windowUpdate(50_000))
    sends.stream.send(windowUpdate(50_000))
    expect(sends.sent).to.deep.equal([
      Uint8Array.from([...windowUpdate(50_000), ...windowUpdate(50_000)])
    ])
  })

  it('hold nothing back that opens or ends a stream', () => {
    const sends = gathered()
    sends.stream.send(windowUpdate(0, SYN))
    sends.stream.send(windowUpdate(0, FIN))
    expect(sends.sent).to.have.lengthOf(2)
  })

  it('say that the connection is full also where they hold something back', () => {
    const sends = gathered()
    sends.writableNeedsDrain = true
    expect(sends.stream.send(windowUpdate(50))).to.equal(false)
  })

  it('drop window updates of a connection that has ended', () => {
    const sends = gathered()
    sends.stream.send(windowUpdate(50))
    sends.status = 'closed'
    mock.timers.tick(LONGER_THAN_ANY_WAIT_MS)
    expect(sends.sent).to.deep.equal([])
  })
})

describe('the reader of a connection', () => {
  it('makes no new error where there is no length yet, and reads it where there is', () => {
    const decoder = { lengthDecoder: (data: Uint8Array) => (data[0] ?? 0) * 256 + (data[1] ?? 0) }
    saveErrors({ decoder } as unknown as MessageStream)
    expect(decoder.lengthDecoder(Uint8Array.of(1, 2))).to.equal(258)
    expect(caught(() => decoder.lengthDecoder(Uint8Array.of(1)))).to.be.instanceOf(RangeError)
    expect(caught(() => decoder.lengthDecoder(Uint8Array.of()))).to.equal(
      caught(() => decoder.lengthDecoder(Uint8Array.of(1)))
    )
  })

  it('is left alone where it is another one', () => {
    expect(() => saveErrors({} as MessageStream)).not.to.throw()
  })
})

function caught(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
