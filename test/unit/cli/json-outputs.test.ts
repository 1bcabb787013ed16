import { expect } from 'chai'
import fc from 'fast-check'
import { jsonPieces, writeTogether } from '../../../src/cli/json-outputs.ts'
import { bytesField, jsonLine } from '../../../src/cli/output.ts'

const MIB = 1024 * 1024

function lineOf(outputs: Readonly<Record<string, Uint8Array>>): string {
  return [...jsonPieces({ event: 'result' }, outputs)].join('')
}

/** A line with these bytes on stdout, and that of one string. */
function bothOf(bytes: Uint8Array): readonly [string, string] {
  return [lineOf({ stdout: bytes }), jsonLine({ event: 'result', ...bytesField('stdout', bytes) })]
}

describe('a line of JSON in pieces', () => {
  it('is what it would be in one', () => {
    const bytes = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: 'binary' }).map((text) => Buffer.from(text))
    )
    fc.assert(
      fc.property(bytes, bytes, (stdout, stderr) => {
        const fields = { ...bytesField('stdout', stdout), ...bytesField('stderr', stderr) }
        expect(lineOf({ stdout, stderr })).to.equal(jsonLine({ event: 'result', ...fields }))
      })
    )
  })

  it('is the same where a character lies across two pieces, and in base64', () => {
    for (const unit of ['ü', '\u20ac', '\u{1f642}', '\u{e0041}', 'a"\\\n\u001b[1m']) {
      for (const before of ['', 'x', 'xx', 'xxx']) {
        const [line, whole] = bothOf(Buffer.from(before + unit.repeat(40_000)))
        expect(line === whole).to.equal(true)
      }
    }
    const [line, whole] = bothOf(Buffer.alloc(200_001, 0xff))
    expect(line === whole).to.equal(true)
  })

  it('is one piece where it is short, and has no long one', () => {
    const outputs = { stdout: Buffer.from('out\n'), stderr: Buffer.alloc(0) }
    expect([...jsonPieces({ event: 'result' }, outputs)]).to.deep.equal([
      '{"event":"result","stdout":"out\\n","stderr":""}\n'
    ])
    const long = { stdout: Buffer.alloc(3 * MIB, 'x'), stderr: Buffer.alloc(MIB, '\u0001') }
    const lengths = [...jsonPieces({ event: 'result' }, long)].map(({ length }) => length)
    expect(Math.max(...lengths)).to.be.below(MIB)
  })

  it('can be read as one string, whatever a task has printed', function () {
    this.timeout(60_000)
    const stdout = Buffer.alloc(64 * MIB)
    let length = 0
    let last = ''
    for (const piece of jsonPieces({ event: 'result' }, { stdout, stderr: stdout })) {
      length += piece.length
      last = piece
    }
    expect(length)
      .to.be.above(128 * MIB)
      .and.below(512 * MIB)
    expect(last).to.match(/A=*"\}\n$/)
    const [line, whole] = bothOf(Buffer.alloc(33 * MIB, 'red \u001b[31mtext\n'))
    expect(line === whole).to.equal(true)
  })

  it('is written with nothing in between', async () => {
    const written: string[] = []
    const write = async (piece: string | Uint8Array): Promise<void> => {
      written.push(String(piece))
      await Promise.resolve()
    }
    await Promise.all([writeTogether(['a', 'b', 'c'], write), write('d')])
    expect(written).to.deep.equal(['a', 'b', 'c', 'd'])
  })
})
