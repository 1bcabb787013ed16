import { expect } from 'chai'
import fc from 'fast-check'
import { encodeValue } from '../../../src/values/encode.ts'
import { hexOf, thereAndBack } from './support.ts'

const KINDS = [Uint8Array, Int16Array, Float32Array, Float64Array, BigUint64Array] as const
const MEMORY_BYTES = 64

function counting(bytes: number): ArrayBuffer {
  return Uint8Array.from({ length: bytes }, (_, index) => index + 1).buffer
}

/** A view of a buffer of MEMORY_BYTES, where it may begin and as long as it may be. */
const aView = fc
  .record({ kind: fc.nat(KINDS.length - 1), start: fc.nat(63), length: fc.nat(20) })
  .map(({ kind, start, length }) => (buffer: ArrayBuffer): ArrayBufferView => {
    const Kind = KINDS[kind]!
    const unit = Kind.BYTES_PER_ELEMENT
    const byteOffset = start - (start % unit)
    return new Kind(buffer, byteOffset, Math.min(length, (MEMORY_BYTES - byteOffset) / unit))
  })

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

describe('binary memory of a value', function () {
  // Large values take long on a busy machine.
  this.timeout(60_000)

  it('of a view only what it shows is sent', () => {
    const view = new Uint8Array(counting(100), 50, 3)
    expect(hexOf(encodeValue(view, 'argument'))).to.equal('01f8010300' + '0003' + '333435')
    const copy = thereAndBack(view) as Uint8Array
    expect([copy.byteOffset, copy.buffer.byteLength]).to.deep.equal([0, 3])
  })

  it('a Buffer becomes a Uint8Array with nothing of the memory around it', () => {
    const secret = Buffer.from('secret')
    const [first, second] = thereAndBack([Buffer.from('a'), Buffer.from('b')]) as Uint8Array[]
    expect(Object.getPrototypeOf(first)).to.equal(Uint8Array.prototype)
    expect([first, second]).to.deep.equal([new Uint8Array([97]), new Uint8Array([98])])
    expect(hexOf(encodeValue([Buffer.from('x'), Buffer.from('y')], 'a'))).to.not.include(
      hexOf(secret)
    )
    expect(first?.buffer).to.not.equal(second?.buffer)
  })

  it('views that overlap or touch share memory where they arrive, others do not', () => {
    const memory = counting(32)
    const [one, over, touching, apart] = thereAndBack([
      new Uint8Array(memory, 0, 8),
      new Uint8Array(memory, 4, 8),
      new Uint8Array(memory, 12, 4),
      new Uint8Array(memory, 20, 4)
    ]) as Uint8Array[]
    expect(over?.buffer).to.equal(one?.buffer)
    expect(touching?.buffer).to.equal(one?.buffer)
    expect(apart?.buffer).to.not.equal(one?.buffer)
    over!.fill(0)
    expect([...one!]).to.deep.equal([1, 2, 3, 4, 0, 0, 0, 0])
  })

  it('where views must begin at a multiple, zeros go before them and nothing else', () => {
    const memory = counting(40)
    const value = [new Uint8Array(memory, 11, 8), new Float64Array(memory, 16, 1)]
    const hex = hexOf(encodeValue(value, 'argument'))
    expect(hex).to.equal(
      '01a2' + 'f801080300' + '10' + '000000' + '0c0d0e0f101112131415161718' + 'f809010801'
    )
    expect(thereAndBack(value)).to.deep.equal(value.map((view) => view.slice()))
  })

  it('a buffer that can grow arrives as one that cannot', () => {
    const buffer = new ArrayBuffer(4, { maxByteLength: 8 })
    const following = new Uint8Array(buffer)
    const [copy, view] = thereAndBack([buffer, following]) as [ArrayBuffer, Uint8Array]
    expect([copy.byteLength, copy.resizable, view.buffer]).to.deep.equal([4, false, copy])
  })

  it('memory that a getter takes away is refused', () => {
    const bytes = new Uint8Array([1, 2, 3])
    const value = {
      bytes,
      get taken() {
        return structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
      }
    }
    expect(() => encodeValue(value, 'argument')).to.throw('argument cannot be read: ')
  })

  it('any views of one buffer show the same and share the same, there as here', () => {
    const aWrite = fc.record({ view: fc.nat(), place: fc.nat(), byte: fc.nat(255) })
    const someViews = fc.array(aView, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(someViews, fc.boolean(), fc.array(aWrite), (makers, isWhole, writes) => {
        const memory = counting(MEMORY_BYTES)
        const here = makers.map((make) => make(memory))
        if (isWhole) here.push(new Uint8Array(memory))
        const there = thereAndBack(here) as ArrayBufferView[]
        expect(there.map(bytesOf)).to.deep.equal(here.map(bytesOf))
        for (const { view, place, byte } of writes) {
          const index = view % here.length
          for (const views of [here, there]) {
            const bytes = bytesOf(views[index]!)
            if (bytes.length > 0) bytes[place % bytes.length] = byte
          }
        }
        expect(there.map(bytesOf)).to.deep.equal(here.map(bytesOf))
      }),
      { numRuns: 1_000 }
    )
  })
})
