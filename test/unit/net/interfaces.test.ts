import { expect } from 'chai'
import type { NetworkInterfaceInfo } from 'node:os'
import {
  addressesToTell,
  INTERFACES_MAX,
  isOnSubnet,
  isOwnAddress,
  selectInterfaces
} from '../../../src/net/interfaces.ts'

function anAddress(address: string, netmask = '255.255.255.0'): NetworkInterfaceInfo {
  const internal = address.startsWith('127.')
  return { family: 'IPv4', address, netmask, internal, mac: '', cidr: null }
}

const ipv6: NetworkInterfaceInfo = {
  ...{ family: 'IPv6', address: 'fe80::1', netmask: 'ffff::', internal: false },
  ...{ mac: '', cidr: null, scopeid: 2 }
}
const lo = [anAddress('127.0.0.1', '255.0.0.0')]
const noIndex = (): string => ''

describe('interfaces', () => {
  it('are all that have an IPv4 address, loopback last', () => {
    const all = { lo, eth0: [ipv6, anAddress('10.0.0.5')], wlan0: [anAddress('192.168.1.7')] }
    const names = selectInterfaces(all, true, noIndex).map(({ name }) => name)
    expect(names).to.deep.equal(['eth0', 'wlan0', 'lo'])
    expect(selectInterfaces(all, false, noIndex)).to.have.length(2)
  })

  it('are not those of containers, virtual machines and tunnels', () => {
    const virtual = ['docker0', 'br-1a2b', 'veth9', 'virbr0', 'tun0', 'tap1', 'utun3', 'wg0']
    for (const name of virtual) {
      expect(selectInterfaces({ [name]: [anAddress('172.17.0.1')] }, true, noIndex)).to.deep.equal(
        [],
        name
      )
    }
    // A bridge made by a person holds the machine's own address on the LAN.
    expect(selectInterfaces({ br0: [anAddress('10.0.0.5')] }, true, noIndex)).to.have.length(1)
  })

  it('have a key that changes with the address and with the interface itself', () => {
    const keyOf = (address: string, index: string): string | undefined =>
      selectInterfaces({ eth0: [anAddress(address)] }, true, () => index)[0]?.key
    expect(keyOf('10.0.0.5', '2')).to.equal(keyOf('10.0.0.5', '2'))
    expect(keyOf('10.0.0.5', '2')).not.to.equal(keyOf('10.0.0.6', '2'))
    expect(keyOf('10.0.0.5', '2')).not.to.equal(keyOf('10.0.0.5', '7'))
  })

  it('are bounded in number, and loopback stays among them', () => {
    const many = Array.from({ length: 40 }, (_, index) => anAddress(`10.0.${index}.1`))
    const selected = selectInterfaces({ lo, eth0: many }, true, noIndex)
    expect(selected).to.have.length(INTERFACES_MAX + 1)
    expect(selected.at(-1)?.name).to.equal('lo')
  })

  it('tell their own subnet from all others', () => {
    const at = { name: 'eth0', address: '192.168.2.200', netmask: '255.255.254.0', key: '' }
    expect(isOnSubnet('192.168.3.1', at)).to.equal(true)
    expect(isOnSubnet('192.168.4.1', at)).to.equal(false)
    expect(isOnSubnet('64.168.3.1', at)).to.equal(false)
    for (const wrong of ['', '192.168.3', '192.168.3.256', '192.168.3.01', '::1']) {
      expect(isOnSubnet(wrong, at)).to.equal(false, wrong)
    }
    expect(isOnSubnet('8.8.8.8', { ...at, netmask: '0.0.0.0' })).to.equal(true)
  })
})

describe('own addresses', () => {
  const all = {
    lo: [...lo, { ...ipv6, address: '::1' }],
    eth0: [anAddress('10.0.0.5'), ipv6],
    wg0: [anAddress('10.8.0.5')],
    docker0: [anAddress('172.17.0.1', '255.255.0.0')]
  }
  const at = (...hosts: string[]): string[] => hosts.map((host) => `/ip4/${host}/tcp/4001`)

  it('are told without peer id and without bridges to containers, loopback last', () => {
    const listening = at('127.0.0.1', '172.17.0.1', '10.0.0.5', '10.8.0.5')
    const told = at('10.0.0.5', '10.8.0.5', '127.0.0.1')
    expect(
      addressesToTell(
        listening.map((each) => `${each}/p2p/12D3KooW`),
        all
      )
    ).to.deep.equal(told)
  })

  it('are told on a bridge where the node listens nowhere else', () => {
    expect(addressesToTell(at('172.17.0.1'), all)).to.deep.equal(at('172.17.0.1'))
    expect(addressesToTell(at('127.0.0.1'), all)).to.deep.equal(at('127.0.0.1'))
    expect(addressesToTell([], all)).to.deep.equal([])
  })

  it('are told from those of others', () => {
    const own = ['/ip4/10.0.0.5/tcp/1', '/ip4/127.9.9.9/tcp/1', '/ip4/172.17.0.1/tcp/1/p2p/x']
    const others = ['/ip4/10.0.0.6/tcp/1', '/dns4/10.0.0.5/tcp/1', '/ip6/fe80::2/tcp/1', '']
    for (const each of [...own, '/ip6/::1/tcp/1']) expect(isOwnAddress(each, all)).to.equal(true)
    for (const each of others) expect(isOwnAddress(each, all)).to.equal(false)
  })
})
