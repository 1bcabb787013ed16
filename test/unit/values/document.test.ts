/**
 * The examples of docs/VALUES.md, both ways.
 */
import { readFileSync } from 'node:fs'
import { runInThisContext } from 'node:vm'
import { expect } from 'chai'
import { decodeValue } from '../../../src/values/decode.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { differenceOf, hexOf } from './support.ts'

const DOCUMENT = new URL('../../../docs/VALUES.md', import.meta.url)

/** `hex  expression`, one a line. */
function examples(): [hex: string, expression: string][] {
  const block = /## Examples\n[^]*?```\n([^]*?)```/.exec(readFileSync(DOCUMENT, 'utf8'))?.[1] ?? ''
  return block
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [hex = '', ...rest] = line.split('  ')
      return [hex, rest.join('  ').trim()]
    })
}

function valueOf(expression: string): unknown {
  return runInThisContext(`(${expression})`)
}

describe('docs/VALUES.md', () => {
  for (const [hex, expression] of examples()) {
    it(expression, () => {
      const value = valueOf(expression)
      expect(hexOf(encodeValue(value, 'argument'))).to.equal(hex)
      expect(differenceOf(decodeValue(Buffer.from(hex, 'hex')), value)).to.equal(undefined)
    })
  }
})
