import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  ADDRESS_CHARACTERS_MAX,
  FRAME_BYTES_MAX,
  MEMBERS_MAX,
  TOLD_ADDRESSES_MAX
} from '../../../src/core/limits.ts'
import { Rng } from '../../../src/core/rng.ts'
import type { NodeId } from '../../../src/core/types.ts'
import { encodeHead } from '../../../src/wire/message-pack-writer.ts'
import { FrameParser } from '../../../src/wire/frame.ts'
import { decodeHelloAnswer, encodeHello, encodeWelcome } from '../../../src/wire/hello.ts'
import {
  decodePeersAnswer,
  decodePeersQuestion,
  encodePeersAnswer,
  encodePeersQuestion
} from '../../../src/wire/peers.ts'
import { aPeer } from '../../support/peers.ts'
import type { Field } from '../../../src/wire/message-pack-writer.ts'
import { codeOf } from '../../support/code-of.ts'

const DOCUMENT = new URL('../../../docs/PROTOCOL.md', import.meta.url)
const MUTATIONS = 20_000

/** An example frame of the document, without its length. */
function example(name: string): Uint8Array {
  const text = readFileSync(DOCUMENT, 'utf8')
  const hex = new RegExp(`^${name} +((?:[0-9a-f]{2})+)$`, 'm').exec(text)?.[1] ?? ''
  return new FrameParser().push(Buffer.from(hex, 'hex')).next().value as Uint8Array
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

const peer = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' as NodeId
const other = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo' as NodeId
const told = [{ peer: other, addresses: ['/ip4/10.0.0.5/tcp/4001'] }]

describe('messages about members', () => {
  it('are what the document shows, both ways', () => {
    const question = { have: [peer], told: [] }
    expect(decodePeersQuestion(example('peers question'))).to.deep.equal(question)
    expect(hexOf(encodePeersQuestion(question))).to.equal(hexOf(example('peers question')))
    const news = { have: undefined, told }
    expect(decodePeersQuestion(example('peers news'))).to.deep.equal(news)
    expect(hexOf(encodePeersQuestion(news))).to.equal(hexOf(example('peers news')))
    expect(decodePeersAnswer(example('peers answer'))).to.deep.equal(told)
    expect(hexOf(encodePeersAnswer(told))).to.equal(hexOf(example('peers answer')))
  })

  it('fit into a frame, however many members there are', () => {
    const longest = '/ip6/fd00:1111:2222:3333:4444:5555:6666:7777/tcp/65535'
    const all = Array.from({ length: MEMBERS_MAX }, () => ({
      peer: aPeer() as NodeId,
      addresses: new Array<string>(TOLD_ADDRESSES_MAX).fill(longest)
    }))
    const question = { have: all.map((each) => each.peer), told: all }
    const bytes = encodePeersQuestion(question)
    expect(bytes.length).to.be.below(FRAME_BYTES_MAX)
    expect(decodePeersQuestion(bytes)).to.deep.equal(question)
  })

  it('are refused where something is too much, missing, or no peer id', () => {
    const many = <Item>(item: Item, count: number): Item[] => new Array<Item>(count).fill(item)
    const long = 'a'.repeat(ADDRESS_CHARACTERS_MAX + 1)
    const bad: Field[][] = [
      [],
      [[peer]],
      [many(peer, MEMBERS_MAX + 1), []],
      [[peer.slice(1)], []],
      [[peer.replace('1', '0')], []],
      [[1], []],
      [[], many([peer, []], MEMBERS_MAX + 1)],
      [[], [[peer]]],
      [[], [[peer, many('/', TOLD_ADDRESSES_MAX + 1)]]],
      [[], [[peer, [long]]]],
      [[], [['/ip4/10.0.0.5/tcp/4001', []]]],
      [[], true]
    ]
    for (const fields of bad) {
      const bytes = encodeHead(fields).slice()
      expect(
        codeOf(() => decodePeersQuestion(bytes)),
        JSON.stringify(fields)
      ).to.equal('BAD_MESSAGE')
    }
    expect(codeOf(() => decodePeersAnswer(encodeHead([[['x', []]]]).slice()))).to.equal(
      'BAD_MESSAGE'
    )
  })

  it('may have more fields in a later version', () => {
    const bytes = encodeHead([[peer], [[other, [], 'more']], 'more']).slice()
    expect(decodePeersQuestion(bytes)).to.deep.equal({
      have: [peer],
      told: [{ peer: other, addresses: [] }]
    })
  })

  it('are refused or understood when they are damaged, nothing else', function () {
    this.timeout(10_000)
    const rng = new Rng(1)
    const originals = [example('peers question'), example('peers news'), example('peers answer')]
    for (let round = 0; round < MUTATIONS; round++) {
      const bytes = originals[round % originals.length]!.slice()
      for (let flips = rng.integer(1, 3); flips > 0; flips--) {
        bytes[rng.integer(0, bytes.length - 1)] = rng.integer(0, 255)
      }
      for (const decode of [decodePeersQuestion, decodePeersAnswer]) {
        const code = codeOf(() => decode(bytes))
        if (code !== undefined) expect(code, hexOf(bytes)).to.equal('BAD_MESSAGE')
      }
    }
  })
})

describe('a hello', () => {
  const hello = {
    oldest: 1,
    newest: 1,
    program: 'p2pjobs 0.1.0',
    boot: 'b1',
    name: 'lab1',
    isWorker: true,
    epoch: undefined,
    clock: 1_790_000_000_000,
    certificate: undefined,
    manager: undefined,
    addresses: ['/ip4/10.0.0.5/tcp/4001']
  }

  it('is what the document shows, both ways', () => {
    const answer = decodeHelloAnswer(example('hello welcome'))
    if (answer.type !== 'welcome') return expect.fail('it refuses')
    expect(answer.signed.hello).to.deep.equal(hello)
    const bytes = encodeWelcome(encodeHello(hello), new Uint8Array(64).fill(0xaa))
    expect(hexOf(bytes)).to.equal(hexOf(example('hello welcome')))
  })

  it('says nothing of addresses in a program that does not know of them', () => {
    const { oldest, newest, program, boot, name, isWorker, clock } = hello
    const body = encodeHead([oldest, newest, program, boot, name, isWorker, null, clock, null])
    const answer = decodeHelloAnswer(encodeWelcome(body.slice(), new Uint8Array(64)))
    expect(answer).to.have.nested.property('signed.hello.addresses').that.deep.equals([])
  })

  it('tells no more addresses than others keep', () => {
    const addresses = Array.from({ length: 40 }, (_, at) => `/ip4/10.0.0.5/tcp/${at + 1}`)
    const bytes = encodeWelcome(encodeHello({ ...hello, addresses }), new Uint8Array(64))
    expect(decodeHelloAnswer(bytes))
      .to.have.nested.property('signed.hello.addresses')
      .with.lengthOf(16)
  })
})
