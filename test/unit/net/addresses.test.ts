import { expect } from 'chai'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import {
  checkJoinAddress,
  checkListenAddress,
  dialErrorOf,
  listenErrorOf
} from '../../../src/net/addresses.ts'

const PEER = '12D3KooWKJht7sLCtxnNGgUo9MgjsfHQR4ZkE1LSBgaKzjzrebqV'

function problemOf(check: () => void): string {
  try {
    check()
  } catch (error) {
    return `${operatingErrorOf(error)?.code ?? 'a bug'}: ${(error as Error).message}`
  }
  return ''
}

describe('addresses that people type', () => {
  it('are TCP on a machine, with or without a peer id', () => {
    const addresses = [
      '/ip4/127.0.0.1/tcp/4001',
      '/ip6/::1/tcp/4001',
      '/ip6zone/eth0/ip6/fe80::1/tcp/4001',
      '/dns4/lab1.example/tcp/4001',
      `/ip4/192.168.1.5/tcp/4001/p2p/${PEER}`
    ]
    for (const address of addresses) {
      checkListenAddress(address)
      checkJoinAddress(address)
    }
    checkListenAddress('/ip4/0.0.0.0/tcp/0')
  })

  const mistakes: Readonly<Record<string, RegExp>> = {
    '/foo': /foo/,
    '192.168.1.5:4001': /./,
    '/ip4/127.0.0.1': /TCP/,
    '/ip4/127.0.0.1/udp/4001': /TCP/,
    '/ip4/127.0.0.1/tcp/4001/ws': /TCP/,
    '/ip4/127.0.0.1/tcp/99999': /65535/,
    '/ip4/300.0.0.1/tcp/1': /./,
    [`/p2p/${PEER}`]: /TCP/
  }
  for (const [address, reason] of Object.entries(mistakes)) {
    it(`are not as ${address}`, () => {
      for (const [purpose, check] of [
        ['listen on', checkListenAddress],
        ['join', checkJoinAddress]
      ] as const) {
        const problem = problemOf(() => check(address))
        expect(problem).to.match(/^USAGE: /)
        expect(problem).to.include(`cannot ${purpose} ${address}: `)
        expect(problem).to.match(reason)
        expect(problem).to.match(/write the address as \/ip4\//)
      }
    })
  }

  it('name no port 0 to dial', () => {
    expect(problemOf(() => checkJoinAddress('/ip4/127.0.0.1/tcp/0'))).to.match(/USAGE: .*port 0/)
  })
})

describe('listenErrorOf', () => {
  const addresses = ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2']
  const thrown = (code: string): Error =>
    new Error(`Some failed:\n/ip4/127.0.0.1/tcp/2: Error: listen ${code}: text\n    at Server`)

  it('names the address, the cause and the cure, in one line', () => {
    for (const [code, reason] of [
      ['EADDRINUSE', /listens there already/],
      ['EADDRNOTAVAIL', /does not have that address/],
      ['EACCES', /may not listen on that port/]
    ] as const) {
      const cause = thrown(code)
      const error = listenErrorOf(cause, addresses)
      expect(operatingErrorOf(error)).to.have.property('code', 'PORT_IN_USE')
      expect(error.message).to.match(reason)
      expect(error.message).to.match(
        /^cannot listen on \/ip4\/127\.0\.0\.1\/tcp\/2: [^\n]*--listen/
      )
      expect(error.cause).to.equal(cause)
    }
  })

  it('leaves alone what it does not know', () => {
    const cause = new Error('something else')
    expect(listenErrorOf(cause, addresses)).to.equal(cause)
  })
})

describe('dialErrorOf', () => {
  it('says what to look at', () => {
    const texts: Readonly<Record<string, RegExp>> = {
      'connect ECONNREFUSED 127.0.0.1:1': /nothing listens/,
      'connect EHOSTUNREACH 10.0.0.1:1': /no way there/,
      'getaddrinfo ENOTFOUND lab1': /no such name/,
      'The operation was aborted': /no answer/,
      'handshake stage 1 validation fail: Invalid chacha20poly1305 decryption': /tokens/,
      'Payload identity key A does not match expected remote identity key B': /another peer id/,
      'what nobody thought of': /^what nobody thought of$/
    }
    for (const [text, problem] of Object.entries(texts)) {
      const error = dialErrorOf(new Error(text))
      expect(operatingErrorOf(error)).to.have.property('code', 'UNREACHABLE')
      expect(error.message).to.match(problem)
    }
  })
})
