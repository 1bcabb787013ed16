/** Objects that stand for something elsewhere, among arguments and anywhere else. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { decodeCalls, encodeCalls } from '../../../src/values/calls.ts'
import { decodeValue } from '../../../src/values/decode.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { refer } from '../../../src/values/references.ts'
import type { Reference } from '../../../src/values/references.ts'

class Proxied {
  readonly name: string

  constructor(name: string, options?: unknown) {
    this.name = name
    refer(this, { manager: 'm', kind: 'lock', name, options })
  }
}

function thereAndBack(calls: unknown[][]): unknown[][] {
  const bytes = encodeCalls(calls, { takesReferences: true })
  return decodeCalls(bytes, (reference) => ({ made: reference }))
}

describe('references', () => {
  it('arrive as what is made of them, the same object once', () => {
    const lock = new Proxied('a', 3)
    const [[first, second, after] = [], [third] = []] = thereAndBack([
      [lock, { lock }, [1]],
      [lock]
    ])
    expect(first).to.deep.equal({ made: { manager: 'm', kind: 'lock', name: 'a', options: 3 } })
    expect((second as { lock: unknown }).lock).to.equal(first)
    expect(third).to.equal(first)
    expect(after).to.deep.equal([1])
  })

  it('their options are values, with references of their own', () => {
    const lock = new Proxied('lock')
    const [[condition, same, list] = []] = thereAndBack([[new Proxied('c', lock), lock, [2]]])
    const { options } = (condition as { made: Reference }).made
    expect(options).to.have.nested.property('made.name', 'lock')
    expect(same).to.equal(options)
    expect(list).to.deep.equal([2])
  })

  it('a Proxy may be one, and any other is refused as ever', () => {
    const proxy = new Proxy({}, {})
    expect(() => encodeCalls([[proxy]], { takesReferences: true })).to.throw('is a Proxy')
    refer(proxy, { manager: 'm', kind: 'custom', name: 'own', options: undefined })
    expect(thereAndBack([[proxy]])[0]?.[0]).to.have.nested.property('made.kind', 'custom')
  })

  it('are refused where no task gets them, and the next value is not affected', () => {
    const lock = new Proxied('a')
    encodeCalls([[lock]], { takesReferences: true })
    expect(() => encodeValue([lock], 'item')).to.throw(
      "item[0] is the lock 'a' of the manager 'm', which only an argument of a task can be"
    )
    expect(() => encodeCalls([[1, lock]])).to.throw('argument[1] is the lock')
  })

  it('are refused by who makes nothing of them, and when they refer to themselves', () => {
    const bytes = encodeCalls([[new Proxied('a')]], { takesReferences: true })
    expect(() => decodeCalls(bytes)).to.throw('only arguments of tasks can have')
    const itself = Buffer.from('01f9816d816b816ef000', 'hex')
    expect(() => decodeValue(itself, (reference) => reference)).to.throw('did not come')
    expect(() => decodeValue(Buffer.from('01f9816d81', 'hex'), (each) => each)).to.throw()
  })

  it('look as documented', () => {
    const bytes = encodeCalls([[new Proxied('n')]], { takesReferences: true })
    const document = readFileSync(new URL('../../../docs/VALUES.md', import.meta.url), 'utf8')
    expect(document).to.include(`\`${Buffer.from(bytes).toString('hex')}\``)
  })
})
