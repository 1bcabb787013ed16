import { expect } from 'chai'
import { ADDRESSES_MAX, TOLD_ADDRESSES_MAX } from '../../../../src/core/limits.ts'
import type { Place } from '../../../../src/core/members/events.ts'
import {
  addressesFor,
  believable,
  dialable,
  isTellable
} from '../../../../src/core/members/reach.ts'
import type { Whereabouts } from '../../../../src/core/members/reach.ts'

const HERE: Place = { address: '/ip4/127.0.0.1/tcp/50000', isDialed: false, isHere: true }

/** Dialed us from there. */
function from(host: string): Place {
  return { address: `/ip4/${host}/tcp/50000`, isDialed: false, isHere: false }
}

function whereabouts(known: Partial<Whereabouts>): Whereabouts {
  return {
    ...{ named: [], foundAt: [], sighted: [], reached: undefined, listening: [] },
    ...{ heard: [], place: undefined },
    ...known
  }
}

describe('where a member can be reached', () => {
  it('is a TCP port at an IP address that is somebody', () => {
    const good = ['/ip4/10.0.0.5/tcp/4001', '/ip4/127.0.0.1/tcp/1', '/ip6/fd00::5/tcp/65535']
    const bad = [
      ...['/ip4/0.0.0.0/tcp/4001', '/ip4/224.0.0.251/tcp/4001', '/ip4/255.255.255.255/tcp/1'],
      ...['/ip6/::/tcp/4001', '/ip6/fe80::1/tcp/4001', '/ip6/ff02::fb/tcp/4001'],
      ...['/ip4/10.0.0.5/tcp/0', '/ip4/10.0.0.5/udp/4001', '/dns4/example.org/tcp/80', ''],
      ...['/ip4/10.0.0.5/tcp/4001/ws', '/ip4/10.0.0.5', '/ip4/10.0.0.5/tcp/4001/p2p/x']
    ]
    expect(good.filter(isTellable)).to.deep.equal(good)
    expect(bad.filter(isTellable)).to.deep.equal([])
  })

  it('is where it was reached, is named, was found, is seen, listens, and is said to be, so ordered', () => {
    const known = whereabouts({
      reached: '/ip4/10.0.0.5/tcp/4001',
      named: ['/ip4/10.0.0.6/tcp/4001', '/ip4/10.0.0.5/tcp/4001/p2p/x'],
      foundAt: ['/ip4/10.0.0.7/tcp/4001'],
      sighted: ['/ip4/10.0.0.8/tcp/4001', '/ip4/10.0.0.6/tcp/4001'],
      listening: ['/ip4/10.0.0.9/tcp/4001', '/ip4/127.0.0.1/tcp/4001'],
      heard: ['/ip4/10.0.0.10/tcp/4001'],
      place: from('10.0.0.5')
    })
    const others = [6, 7, 8, 9, 10].map((last) => `/ip4/10.0.0.${last}/tcp/4001`)
    const outside = ['/ip4/10.0.0.5/tcp/4001/p2p/x', ...others]
    expect(dialable(known)).to.deep.equal(outside)
    expect(dialable({ ...known, place: HERE })).to.deep.equal(
      outside.toSpliced(5, 0, '/ip4/127.0.0.1/tcp/4001')
    )
  })

  it('is bounded', () => {
    const many = Array.from({ length: 100 }, (_, at) => `/ip4/10.0.0.5/tcp/${at + 1}`)
    const known = whereabouts({
      sighted: many.slice(0, 50),
      heard: many,
      place: from('10.0.0.5')
    })
    expect(dialable(known)).to.have.length(ADDRESSES_MAX)
    expect(addressesFor(known, known)).to.have.length(TOLD_ADDRESSES_MAX)
    expect(believable(known.place, many)).to.have.length(TOLD_ADDRESSES_MAX)
  })
})

describe('what to tell one member of another', () => {
  const listening = ['/ip4/10.0.0.7/tcp/4001', '/ip4/127.0.0.1/tcp/4001']

  it('is no loopback address, unless both are on one machine', () => {
    const remote = whereabouts({ place: from('10.0.0.9') })
    const here = whereabouts({ place: HERE })
    const remoteToo = whereabouts({ listening, place: from('10.0.0.7') })
    const hereToo = whereabouts({ listening, reached: '/ip4/127.0.0.1/tcp/4001', place: HERE })
    expect(addressesFor(remote, remoteToo)).to.deep.equal(['/ip4/10.0.0.7/tcp/4001'])
    expect(addressesFor(remote, hereToo)).to.deep.equal(['/ip4/10.0.0.7/tcp/4001'])
    expect(addressesFor(here, remoteToo)).to.deep.equal(['/ip4/10.0.0.7/tcp/4001'])
    expect(addressesFor(here, hereToo)).to.include('/ip4/127.0.0.1/tcp/4001')
    const neighbour = whereabouts({ place: from('10.0.0.7') })
    expect(addressesFor(neighbour, remoteToo)).to.include('/ip4/127.0.0.1/tcp/4001')
  })

  it('is where it dialed us from, at the port it listens on', () => {
    const contained = ['/ip4/172.17.0.2/tcp/4001']
    const about = whereabouts({ listening: contained, place: from('10.0.0.7') })
    expect(addressesFor(whereabouts({ place: from('10.0.0.9') }), about)).to.deep.equal([
      '/ip4/10.0.0.7/tcp/4001',
      '/ip4/172.17.0.2/tcp/4001'
    ])
  })

  it('is nothing where it listens on loopback elsewhere, and never hearsay', () => {
    const about = whereabouts({
      listening: ['/ip4/127.0.0.1/tcp/4001'],
      heard: ['/ip4/10.0.0.8/tcp/4001'],
      place: from('10.0.0.7')
    })
    expect(addressesFor(whereabouts({ place: from('10.0.0.9') }), about)).to.deep.equal([])
  })

  it('is no name and no peer id, which others might read as something else', () => {
    const about = whereabouts({
      named: ['/dns4/desk/tcp/4001', '/ip4/10.0.0.8/tcp/4001/p2p/x'],
      place: from('10.0.0.7')
    })
    expect(addressesFor(whereabouts({ place: from('10.0.0.9') }), about)).to.deep.equal([
      '/ip4/10.0.0.8/tcp/4001'
    ])
  })
})

describe('what to believe of what a member tells', () => {
  it('is not that something listens on our loopback, unless it is here too', () => {
    const told = ['/ip4/127.0.0.1/tcp/22', '/ip6/::1/tcp/22', '/ip4/10.0.0.8/tcp/4001']
    expect(believable(from('10.0.0.9'), told)).to.deep.equal(['/ip4/10.0.0.8/tcp/4001'])
    expect(believable(HERE, told)).to.deep.equal(told)
    expect(believable(undefined, told)).to.deep.equal(['/ip4/10.0.0.8/tcp/4001'])
  })
})
