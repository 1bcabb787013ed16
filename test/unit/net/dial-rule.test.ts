import { expect } from 'chai'
import { withinThisMachine } from '../../../src/net/dial-rule.ts'

describe('dialing within this machine', () => {
  it('goes to loopback, whoever is there', () => {
    const mayDial = withinThisMachine([])
    for (const address of [
      '/ip4/127.0.0.1/tcp/1',
      '/ip4/127.8.8.8/tcp/1/p2p/x',
      '/ip6/::1/tcp/1'
    ]) {
      expect(mayDial(address), address).to.equal(true)
    }
    const outside = ['/ip4/10.0.0.5/tcp/1', '/ip6/fd00::1/tcp/1', '/dns4/localhost/tcp/1', '/ip4/1']
    for (const address of outside) expect(mayDial(address), address).to.equal(false)
  })

  it('and to what its user named, however that was written', () => {
    const peer = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
    const mayDial = withinThisMachine([
      `/ip4/10.0.0.5/tcp/4001/p2p/${peer}`,
      '/ip6/FD00:0::0005/tcp/4001',
      '/dns4/desk/tcp/4001'
    ])
    expect(mayDial('/ip4/10.0.0.5/tcp/4001')).to.equal(true)
    expect(mayDial(`/ip4/10.0.0.5/tcp/4001/p2p/${peer}`)).to.equal(true)
    expect(mayDial('/ip6/fd00::5/tcp/4001')).to.equal(true)
    expect(mayDial(`/dns4/desk/tcp/4001/p2p/${peer}`)).to.equal(true)
    expect(mayDial('/ip4/10.0.0.5/tcp/4002')).to.equal(false)
    expect(mayDial('/ip4/10.0.0.50/tcp/4001')).to.equal(false)
  })
})
