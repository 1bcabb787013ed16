import { expect } from 'chai'
import fc from 'fast-check'
import { ADDRESSES_MAX } from '../../../src/core/limits.ts'
import { answerRecords, goodbyeRecords, readRecords } from '../../../src/net/mdns-records.ts'
import type { HeardRecord } from '../../../src/net/mdns-records.ts'
import { aPeer } from '../../support/peers.ts'

const tag = '_p2pjobs-1a2b3c4d._udp.local'
const at = { name: 'eth0', address: '10.0.0.5', netmask: '255.255.255.0', key: '' }
const peer = aPeer()
const pointer: HeardRecord = { type: 'PTR', name: tag, ttl: 120, data: `xyz.${tag}` }

/** TXT data comes out of the decoder as a list of byte strings. */
function aText(...texts: string[]): HeardRecord {
  return { type: 'TXT', name: `xyz.${tag}`, ttl: 120, data: texts.map((text) => Buffer.from(text)) }
}

function addressesIn(...records: HeardRecord[]): readonly string[] | undefined {
  const heard = readRecords(tag, [pointer, ...records], at)
  return heard?.type === 'sighting' ? heard.addresses : undefined
}

describe('mdns records', () => {
  it('are read as they were written', () => {
    const records = answerRecords(tag, peer, '10.0.0.7', [4001, 4002])
    expect(readRecords(tag, records, at)).to.deep.equal({
      type: 'sighting',
      peer,
      addresses: ['/ip4/10.0.0.7/tcp/4001', '/ip4/10.0.0.7/tcp/4002']
    })
    expect(readRecords(tag, goodbyeRecords(tag, peer), at)).to.deep.equal({ type: 'goodbye', peer })
  })

  it('have the layout of libp2p', () => {
    expect(answerRecords('T', 'ID', '10.0.0.7', [4001])).to.deep.equal([
      { type: 'PTR', name: 'T', ttl: 120, data: 'ID.T' },
      { type: 'TXT', name: 'ID.T', ttl: 120, data: 'dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/ID' }
    ])
  })

  it('of another network, or without a pointer, say nothing', () => {
    const text = aText(`dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/${peer}`)
    expect(readRecords('_other._udp.local', [pointer, text], at)).to.equal(undefined)
    expect(readRecords(tag, [text], at)).to.equal(undefined)
    expect(readRecords(tag, [], at)).to.equal(undefined)
  })

  it('give only addresses of exactly the shape that can be dialled', () => {
    const good = `dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/${peer}`
    expect(addressesIn(aText(good))).to.deep.equal(['/ip4/10.0.0.7/tcp/4001'])
    const wrong = [
      good.slice('dnsaddr='.length),
      good.replace('ip4', 'ip6'),
      good.replace('10.0.0.7', '10.0.0.256'),
      good.replace('10.0.0.7', '10.0.0.07'),
      good.replace('10.0.0.7', 'example'),
      good.replace('4001', '0'),
      good.replace('4001', '04001'),
      good.replace('4001', '65536'),
      good.replace('/tcp/4001', '/tcp/4001/ws'),
      good.replace(peer, ''),
      good.replace(peer, peer.slice(0, 30)),
      good.replace(peer, `${peer}0`),
      good.replace(peer, peer + 'A'.repeat(20)),
      `${good}/p2p-circuit`,
      `${good}\n`,
      ` ${good}`
    ]
    for (const text of wrong) expect(addressesIn(aText(text)), text).to.equal(undefined)
  })

  it('do not lead to other subnets', () => {
    const elsewhere = aText(`dnsaddr=/ip4/10.0.1.7/tcp/4001/p2p/${peer}`)
    const here = aText(`dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/${peer}`)
    expect(addressesIn(elsewhere)).to.equal(undefined)
    expect(addressesIn(elsewhere, here)).to.deep.equal(['/ip4/10.0.0.7/tcp/4001'])
  })

  it('speak for one peer only, and of each address once', () => {
    const other = aText(`dnsaddr=/ip4/10.0.0.8/tcp/4001/p2p/${aPeer()}`)
    const mine = aText(`dnsaddr=/ip4/10.0.0.7/tcp/4001/p2p/${peer}`)
    expect(readRecords(tag, [pointer, mine, other, mine], at)).to.deep.equal({
      type: 'sighting',
      peer,
      addresses: ['/ip4/10.0.0.7/tcp/4001']
    })
  })

  it('are bounded, in one text or in many', () => {
    const texts = Array.from(
      { length: 200 },
      (_, index) => `dnsaddr=/ip4/10.0.0.7/tcp/${index + 1}/p2p/${peer}`
    )
    expect(addressesIn(aText(...texts))).to.have.length(ADDRESSES_MAX)
    expect(addressesIn(...texts.map((text) => aText(text)))).to.have.length(ADDRESSES_MAX)
  })

  it('are no goodbye unless they name a peer', () => {
    for (const data of [`xyz.${tag}`, tag, peer, `${peer}.other`, undefined]) {
      const record = { type: 'PTR', name: tag, ttl: 0, data }
      expect(readRecords(tag, [record], at), String(data)).to.equal(undefined)
    }
  })

  it('may hold anything', () => {
    const record = fc.record({
      type: fc.constantFrom('PTR', 'TXT', 'A', 'OPT'),
      name: fc.constantFrom(tag, `xyz.${tag}`, '.'),
      ttl: fc.option(fc.nat(), { nil: undefined }),
      data: fc.oneof(fc.anything(), fc.uint8Array(), fc.constant(`xyz.${tag}`))
    })
    fc.assert(
      fc.property(fc.array(record), (records) => {
        expect(readRecords(tag, records, at)?.type).not.to.equal('sighting')
      })
    )
  })
})
