import { expect } from 'chai'
import { ADDRESSES_MAX, MEMBERS_MAX } from '../../../src/core/limits.ts'
import { Sightings } from '../../../src/net/sightings.ts'

describe('sightings', () => {
  it('join what was heard on several interfaces, the latest first', () => {
    const sightings = new Sightings()
    expect(sightings.heard('p', 'eth0', ['a'], 0)).to.deep.equal(['a'])
    expect(sightings.heard('p', 'lo', ['b'], 1)).to.deep.equal(['b', 'a'])
    expect(sightings.heard('p', 'eth0', ['a'], 2)).to.deep.equal(['a', 'b'])
    expect(sightings.heard('q', 'eth0', ['c'], 3)).to.deep.equal(['c'])
  })

  it('replace the addresses of an interface by what was heard last there', () => {
    const sightings = new Sightings()
    sightings.heard('p', 'eth0', ['old'], 0)
    expect(sightings.heard('p', 'eth0', ['new'], 1)).to.deep.equal(['new'])
  })

  it('forget addresses that were not heard again in two minutes', () => {
    const sightings = new Sightings()
    sightings.heard('p', 'eth0', ['a'], 0)
    expect(sightings.heard('p', 'lo', ['b'], 120_000)).to.deep.equal(['b', 'a'])
    expect(sightings.heard('p', 'lo', ['b'], 120_001)).to.deep.equal(['b'])
  })

  it('forget a peer that said goodbye, once', () => {
    const sightings = new Sightings()
    sightings.heard('p', 'eth0', ['a'], 0)
    expect(sightings.gone('p')).to.equal(true)
    expect(sightings.gone('p')).to.equal(false)
    expect(sightings.heard('p', 'lo', ['b'], 1)).to.deep.equal(['b'])
  })

  it('forget what was heard on an interface that is no more', () => {
    const sightings = new Sightings()
    sightings.heard('p', 'eth0', ['a'], 0)
    sightings.closed('eth0')
    expect(sightings.heard('p', 'lo', ['b'], 1)).to.deep.equal(['b'])
  })

  it('are bounded: the peer not heard for longest goes first, a peer has so many addresses', () => {
    const sightings = new Sightings()
    for (let index = 0; index < MEMBERS_MAX; index++) sightings.heard(`p${index}`, 'lo', ['a'], 0)
    sightings.heard('p0', 'lo', ['a'], 1)
    sightings.heard('one more', 'lo', ['a'], 2)
    expect(sightings.size).to.equal(MEMBERS_MAX)
    expect(sightings.gone('p1')).to.equal(false)
    expect(sightings.gone('p0')).to.equal(true)

    const many = Array.from({ length: ADDRESSES_MAX }, (_, index) => `a${index}`)
    sightings.heard('p', 'eth0', many, 3)
    expect(sightings.heard('p', 'lo', ['b'], 4))
      .to.have.length(ADDRESSES_MAX)
      .and.include('b')
  })
})
