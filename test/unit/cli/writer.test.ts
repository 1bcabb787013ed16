import { Writable } from 'node:stream'
import { expect } from 'chai'
import { Writer } from '../../../src/cli/writer.ts'

/** A stream that takes `accepted` chunks and then fails with a code. */
function aStream(accepted: number, code: string): { stream: Writable; taken: string[] } {
  const taken: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      if (taken.length < accepted) {
        taken.push(String(chunk))
        done()
      } else done(Object.assign(new Error(code), { code }))
    }
  })
  return { stream, taken }
}

describe('Writer', () => {
  it('waits until the stream has taken what it is given', async () => {
    const { stream, taken } = aStream(2, 'EPIPE')
    const writer = new Writer(stream, () => expect.fail('failed'))
    await writer.write('one')
    await writer.write(Buffer.from('two'))
    expect(taken).to.deep.equal(['one', 'two'])
    expect(writer.isClosed).to.equal(false)
  })

  it('takes a reader that has gone for no failure, and drops the rest', async () => {
    const { stream, taken } = aStream(1, 'EPIPE')
    let failures = 0
    const writer = new Writer(stream, () => (failures += 1))
    await Promise.all(['one', 'two', 'three'].map((text) => writer.write(text)))
    await writer.write('four')
    // Node's own stdout fails anew with every chunk that was under way.
    stream.emit('error', new Error('again'))
    expect(taken).to.deep.equal(['one'])
    expect(failures).to.equal(1)
    expect(writer.isClosed).to.equal(true)
    expect(writer.failure).to.equal(undefined)
  })

  it('keeps what else went wrong', async () => {
    const { stream } = aStream(0, 'ENOSPC')
    const writer = new Writer(stream, () => undefined)
    await writer.write('one')
    await writer.write('two')
    expect(writer.isClosed).to.equal(false)
    expect(writer.failure).to.have.property('code', 'ENOSPC')
  })
})
