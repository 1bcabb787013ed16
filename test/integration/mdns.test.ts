/** Multicast discovery with real datagrams, on loopback: the only file that uses it outside a lab. */
import { expect } from 'chai'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { EventEmitter, once } from 'node:events'
import type { LocalInterface } from '../../src/net/interfaces.ts'
import { startDiscovery } from '../../src/net/mdns.ts'
import type { Discovery, DiscoveryInit, Sighting } from '../../src/net/mdns.ts'
import { aPeer, aServiceTag } from '../support/peers.ts'

const LOOPBACK: LocalInterface = {
  name: 'lo',
  address: '127.0.0.1',
  netmask: '255.0.0.0',
  key: 'lo'
}

/** A discovering node in this process; `heard` waits for what it is told. */
class Seeker {
  readonly peer = aPeer()
  readonly discovery: Discovery
  readonly #told: string[] = []
  #look: (() => void) | undefined

  constructor(serviceTag: string, init: Partial<DiscoveryInit> = {}) {
    this.discovery = startDiscovery({
      serviceTag,
      peer: this.peer,
      ports: () => [4001],
      interfaces: () => [LOOPBACK],
      onSighting: ({ peer, addresses }: Sighting) =>
        this.#tell(`${peer} at ${addresses.join(' ')}`),
      onGone: (peer) => this.#tell(`${peer} gone`),
      onNotice: (text) => this.#tell(text),
      ...init
    })
  }

  /** What was told so far. */
  get told(): readonly string[] {
    return this.#told
  }

  /** Resolves with the first telling that matches; the test's own timeout is the bound. */
  async heard(looksFor: string | RegExp): Promise<string> {
    while (true) {
      const found = this.#told.find((text) =>
        typeof looksFor === 'string' ? text === looksFor : looksFor.test(text)
      )
      if (found !== undefined) return found
      await new Promise<void>((resolve) => (this.#look = resolve))
    }
  }

  #tell(text: string): void {
    this.#told.push(text)
    this.#look?.()
  }
}

describe('multicast discovery on loopback', function () {
  this.timeout(20_000)
  const endings: (() => Promise<void>)[] = []
  let serviceTag: string

  beforeEach(() => {
    serviceTag = aServiceTag()
  })

  afterEach(async () => {
    await Promise.all(endings.splice(0).map((end) => end()))
  })

  function seek(init: Partial<DiscoveryInit> = {}): Seeker {
    const seeker = new Seeker(serviceTag, init)
    endings.push(() => seeker.discovery.stop())
    return seeker
  }

  /** A socket that knows nothing of discovery, bound to a port, on loopback. */
  async function aSocket(port: number): Promise<Socket> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    endings.push(() => new Promise((resolve) => socket.close(() => resolve())))
    await new Promise<void>((resolve) => socket.bind(port, '0.0.0.0', resolve))
    socket.addMembership('224.0.0.251', '127.0.0.1')
    socket.setMulticastInterface('127.0.0.1')
    return socket
  }

  it('lets three nodes of one machine find each other', async () => {
    const three = [seek(), seek(), seek()]
    for (const finder of three) {
      for (const { peer } of three) {
        if (peer !== finder.peer) await finder.heard(`${peer} at /ip4/127.0.0.1/tcp/4001`)
      }
    }
    for (const { told, peer } of three) expect(told.join()).not.to.include(`${peer} at`)
  })

  it('uses what the machine has unless told otherwise', async () => {
    const own = startDiscovery({
      serviceTag,
      peer: aPeer(),
      ports: () => [4001],
      onSighting: () => undefined,
      onNotice: () => undefined
    })
    endings.push(() => own.stop())
    expect(own.interfaces).to.include('lo 127.0.0.1')
    await own.stop()
    expect(own.interfaces).to.deep.equal([])
  })

  it('keeps networks apart', async () => {
    const stranger = seek({ serviceTag: aServiceTag() })
    const [one, two] = [seek(), seek()]
    await one.heard(`${two.peer} at /ip4/127.0.0.1/tcp/4001`)
    await two.heard(`${one.peer} at /ip4/127.0.0.1/tcp/4001`)
    expect(stranger.told.join()).not.to.include(' at ')
    expect([...one.told, ...two.told].join()).not.to.include(stranger.peer)
  })

  it('announces the ports of the moment, and nothing while there are none', async () => {
    let ports: number[] = []
    const asked: string[] = []
    const quiet = seek({
      ports: (address) => {
        asked.push(address)
        return ports
      }
    })
    const [one, two] = [seek(), seek()]
    await one.heard(`${two.peer} at /ip4/127.0.0.1/tcp/4001`)
    await quiet.heard(`${one.peer} at /ip4/127.0.0.1/tcp/4001`)
    expect(one.told.join()).not.to.include(quiet.peer)
    expect(new Set(asked)).to.deep.equal(new Set(['127.0.0.1']))

    ports = [5001, 5002]
    quiet.discovery.refresh()
    const both = '/ip4/127.0.0.1/tcp/5001 /ip4/127.0.0.1/tcp/5002'
    await one.heard(`${quiet.peer} at ${both}`)
    ports = [5003]
    quiet.discovery.refresh()
    await one.heard(`${quiet.peer} at /ip4/127.0.0.1/tcp/5003`)
  })

  it('asks beside its schedule when it is told to', async () => {
    const label = serviceTag.slice(0, serviceTag.indexOf('.'))
    const listener = await aSocket(5353)
    let questions = 0
    const heard = new EventEmitter()
    listener.on('message', (datagram) => {
      const isQuestion = ((datagram[2] ?? 0) & 0x80) === 0
      if (isQuestion && datagram.includes(label)) heard.emit(String(++questions))
    })
    const [fifth, eighth] = [once(heard, '5'), once(heard, '8')]
    const { discovery } = seek()
    await fifth
    // The schedule alone would take half a minute for these, longer than this test may.
    for (let count = 0; count < 3; count++) discovery.refresh()
    await eighth
  })

  it('says goodbye once, however often it is stopped', async () => {
    const [one, two] = [seek(), seek()]
    await one.heard(`${two.peer} at /ip4/127.0.0.1/tcp/4001`)
    await Promise.all([two.discovery.stop(), two.discovery.stop()])
    await one.heard(`${two.peer} gone`)
    const three = seek()
    await one.heard(`${three.peer} at /ip4/127.0.0.1/tcp/4001`)
    expect(one.told.filter((text) => text === `${two.peer} gone`)).to.have.length(1)
  })

  it('takes no goodbye from a peer that it has not seen', async () => {
    const [one, two] = [seek(), seek({ ports: () => [] })]
    await two.heard(`${one.peer} at /ip4/127.0.0.1/tcp/4001`)
    await two.discovery.stop()
    const three = seek()
    await one.heard(`${three.peer} at /ip4/127.0.0.1/tcp/4001`)
    expect(one.told.join()).not.to.include(two.peer)
  })

  it('may be stopped at once', async () => {
    await seek().discovery.stop()
  })

  it('lives on when strangers send garbage', async () => {
    const [one, two] = [seek(), seek()]
    await one.heard(`${two.peer} at /ip4/127.0.0.1/tcp/4001`)
    const label = serviceTag.slice(0, serviceTag.indexOf('.'))
    const stranger = await aSocket(0)
    // The label lets them pass as far as the decoder; a header that promises records, and none.
    const promises = Buffer.from('000084000000ffff0000ffff', 'hex')
    const garbage = [label, label.repeat(40), Buffer.concat([promises, Buffer.from(label)])]
    for (const datagram of garbage) {
      await new Promise<void>((resolve, reject) =>
        stranger.send(datagram, 5353, '224.0.0.251', (error) => (error ? reject(error) : resolve()))
      )
    }
    const three = seek()
    await one.heard(`${three.peer} at /ip4/127.0.0.1/tcp/4001`)
    await three.heard(`${one.peer} at /ip4/127.0.0.1/tcp/4001`)
  })

  it('leaves an interface that goes, and joins it when it is back', async () => {
    // Each time the interfaces are asked for tells what the time before has led to.
    const inUse: (readonly string[])[] = []
    const asked = new EventEmitter()
    const third = once(asked, '3')
    const one = seek({
      interfaces: () => {
        // At the first time there is no `one` yet.
        const time = inUse.push(inUse.length === 0 ? [] : one.discovery.interfaces)
        asked.emit(String(time))
        return time === 2 ? [] : [LOOPBACK]
      }
    })
    await third
    expect(inUse).to.deep.equal([[], ['lo 127.0.0.1'], []])
    const two = seek()
    await one.heard(`${two.peer} at /ip4/127.0.0.1/tcp/4001`)
    await two.heard(`${one.peer} at /ip4/127.0.0.1/tcp/4001`)
  })

  it('says once when an interface does not do multicast, and goes on with the others', async () => {
    // TEST-NET-3: no machine has it, so that nothing can be joined there.
    const absent = { name: 'eth7', address: '203.0.113.9', netmask: '255.255.255.0', key: 'eth7' }
    const interfaces = (): LocalInterface[] => [absent, LOOPBACK]
    const [one, two] = [seek({ interfaces }), seek()]
    await one.heard(`${two.peer} at /ip4/127.0.0.1/tcp/4001`)
    await one.heard(/^multicast does not work on eth7 203\.0\.113\.9 \(.*ENODEV.*\)/)
  })

  it('says when the interfaces cannot be listed', async () => {
    const one = seek({
      interfaces: () => {
        throw new Error('no such thing here')
      }
    })
    await one.heard(/^cannot list the network interfaces \(no such thing here\)/)
  })
})
