import { expect } from 'chai'
import fc from 'fast-check'
import { bytesField, escapeText, jsonLine } from '../../../src/cli/output.ts'

/** What no terminal may see of a peer. */
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** Any code points, halves of pairs among them, and often those that matter. */
const anyText = fc
  .array(fc.oneof(fc.nat({ max: 0xa0 }), fc.nat({ max: 0x10ffff }), fc.constant(0x202e)))
  .map((codes) => String.fromCodePoint(...codes))

describe('escapeText', () => {
  it('shows control characters instead of sending them', () => {
    const texts: Record<string, string> = {
      'lab 1': 'lab 1',
      'größe 日本 🙂': 'größe 日本 🙂',
      '\u001b]0;owned\u0007': '\\x1b]0;owned\\x07',
      'a\nb\tc\r': 'a\\nb\\tc\\r',
      '\u009b31m': '\\x9b31m',
      'txt\u202egpj.exe': 'txt\\u{202e}gpj.exe',
      'tag\u{e0041}': 'tag\\u{e0041}',
      'half\ud800': 'half\\u{d800}',
      'back\\slash': 'back\\slash'
    }
    for (const [text, shown] of Object.entries(texts)) expect(escapeText(text)).to.equal(shown)
  })

  it('leaves nothing dangerous in any text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(escapeText(text)).not.to.match(CONTROL)
        expect(escapeText(text).isWellFormed()).to.equal(true)
      })
    )
  })
})

describe('jsonLine', () => {
  it('is one line that reads back as the same and is safe to show', () => {
    fc.assert(
      fc.property(
        fc.dictionary(anyText, fc.oneof(anyText, fc.integer(), fc.boolean())),
        (value) => {
          const line = jsonLine(value)
          expect(line.endsWith('\n')).to.equal(true)
          expect(line.slice(0, -1)).not.to.match(CONTROL)
          expect(JSON.parse(line)).to.deep.equal(JSON.parse(JSON.stringify(value)))
        }
      )
    )
    expect(jsonLine({ name: 'a\u009b\u{e0041}b' })).to.equal('{"name":"a\\u009b\\udb40\\udc41b"}\n')
  })
})

describe('bytesField', () => {
  it('is text where the bytes are UTF-8, to the last byte', () => {
    for (const text of ['', 'größe\n', '\ufeffmark', 'a\u0000b']) {
      const { stdout } = bytesField('stdout', Buffer.from(text))
      expect(stdout).to.equal(text)
    }
  })

  it('is base64 where they are not', () => {
    expect(bytesField('stderr', Uint8Array.of(0xff, 0, 1))).to.deep.equal({ stderrBase64: '/wAB' })
    const cut = Buffer.from('ü').subarray(0, 1)
    expect(bytesField('stdout', cut)).to.deep.equal({ stdoutBase64: 'ww==' })
  })
})
