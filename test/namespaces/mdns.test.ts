/** Discovery between hosts: which of the ways in which a LAN can be odd it survives. */
import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { Netlab, skipWithoutNetlab } from '../support/netlab.ts'
import { aPeer, aServiceTag } from '../support/peers.ts'

const SCRIPT = new URL('../support/discover.ts', import.meta.url)

/** A discovering node on one host of a lab. */
interface Seeker {
  readonly process: LineProcess
  readonly peer: string
  readonly port: number
}

function sightingOf(seeker: Seeker, address: string): (line: JsonLine) => boolean {
  const wanted = `/ip4/${address}/tcp/${seeker.port}`
  return ({ event, peer, addresses }) =>
    event === 'sighting' && peer === seeker.peer && (addresses as string[]).includes(wanted)
}

describe('multicast discovery between hosts', function () {
  this.timeout(60_000)
  let lab: Netlab | undefined
  let serviceTag: string

  before(function () {
    skipWithoutNetlab(this)
  })

  beforeEach(() => {
    serviceTag = aServiceTag()
  })

  afterEach(async () => {
    await lab?.down()
    lab = undefined
  })

  async function labOf(size: number): Promise<Netlab> {
    lab = await Netlab.up(size)
    return lab
  }

  function seek(hosts: Netlab, host: number): Seeker {
    const peer = aPeer()
    const port = 4000 + host
    const args = [serviceTag, peer, String(port)]
    return { process: hosts.spawnNode(host, SCRIPT, args), peer, port }
  }

  it('lets three hosts find each other', async () => {
    const hosts = await labOf(3)
    const seekers = [1, 2, 3].map((host) => seek(hosts, host))
    for (const finder of seekers) {
      for (const [index, other] of seekers.entries()) {
        if (other === finder) continue
        const line = await finder.process.jsonLine(sightingOf(other, hosts.address(index + 1)))
        // Only what leads there from here: neither loopback nor anything else of that host.
        expect(line.addresses).to.deep.equal([`/ip4/${hosts.address(index + 1)}/tcp/${other.port}`])
      }
    }
    expect(seekers.flatMap(({ process }) => process.json).map(({ event }) => event)).not.to.include(
      'notice'
    )
  })

  it('needs no route', async () => {
    const hosts = await labOf(2)
    await Promise.all([hosts.noRoutes(1), hosts.noRoutes(2)])
    const [one, two] = [seek(hosts, 1), seek(hosts, 2)]
    await one.process.jsonLine(sightingOf(two, hosts.address(2)))
    await two.process.jsonLine(sightingOf(one, hosts.address(1)))
  })

  it('finds a late joiner, and is found by it', async () => {
    const hosts = await labOf(2)
    const early = seek(hosts, 1)
    await early.process.jsonLine(({ event }) => event === 'ready')
    const late = seek(hosts, 2)
    await early.process.jsonLine(sightingOf(late, hosts.address(2)))
    await late.process.jsonLine(sightingOf(early, hosts.address(1)))
  })

  it('comes back on an interface that was deleted and made again', async () => {
    const hosts = await labOf(2)
    const one = seek(hosts, 1)
    const two = seek(hosts, 2)
    await one.process.jsonLine(sightingOf(two, hosts.address(2)))
    await hosts.rawdrop(1)
    const third = seek(hosts, 2)
    await one.process.jsonLine(sightingOf(third, hosts.address(2)))
    await third.process.jsonLine(sightingOf(one, hosts.address(1)))
  })

  it('begins when the network comes, and says until then that there is none', async () => {
    const hosts = await labOf(2)
    await hosts.cut(1, 'link')
    const one = seek(hosts, 1)
    const { text } = await one.process.jsonLine(({ event }) => event === 'notice')
    expect(text).to.match(/^no network found/)
    const two = seek(hosts, 2)
    await two.process.jsonLine(({ event }) => event === 'ready')
    await hosts.heal(1)
    await one.process.jsonLine(sightingOf(two, hosts.address(2)))
    await two.process.jsonLine(sightingOf(one, hosts.address(1)))
  })

  it('announces a changed address', async () => {
    const hosts = await labOf(2)
    const [one, two] = [seek(hosts, 1), seek(hosts, 2)]
    await two.process.jsonLine(sightingOf(one, hosts.address(1)))
    await hosts.move(1, 201)
    const line = await two.process.jsonLine(sightingOf(one, hosts.address(1)))
    expect((line.addresses as string[])[0]).to.equal(`/ip4/${hosts.address(1)}/tcp/${one.port}`)
    await one.process.nextJsonLine(sightingOf(two, hosts.address(2)), 50_000)
  })

  it('finds over a second interface when the one with the route is dead', async () => {
    const hosts = await labOf(2)
    await hosts.cut(1)
    const { addresses } = await hosts.cable(1, 2)
    const [one, two] = [seek(hosts, 1), seek(hosts, 2)]
    await one.process.jsonLine(sightingOf(two, addresses[1]))
    await two.process.jsonLine(sightingOf(one, addresses[0]))
  })

  it('hears a goodbye, and ends when it has said one', async () => {
    const hosts = await labOf(2)
    const [one, two] = [seek(hosts, 1), seek(hosts, 2)]
    await one.process.jsonLine(sightingOf(two, hosts.address(2)))
    expect(await two.process.stop('SIGTERM')).to.deep.equal({ code: 0, signal: null })
    await one.process.jsonLine(({ event, peer }) => event === 'gone' && peer === two.peer)
  })

  it('says that a firewall makes it deaf', async () => {
    const hosts = await labOf(1)
    await hosts.firewall(1, 'udp dport 5353 drop')
    const one = seek(hosts, 1)
    const line = await one.process.jsonLine(({ event }) => event === 'notice', 50_000)
    expect(line.text).to.match(/^multicast does not work on eth0 .*firewall/)
  })

  it('says that another program keeps the port', async () => {
    const hosts = await labOf(1)
    const keep = `require('dgram').createSocket('udp4').bind(5353, () => console.log('kept'))`
    const keeper = hosts.spawn(1, process.execPath, ['-e', keep])
    await keeper.line(/kept/)
    const one = seek(hosts, 1)
    const { text } = await one.process.jsonLine(({ event }) => event === 'notice')
    expect(text).to.match(/UDP port 5353 is not free \(EADDRINUSE\)/)
    await keeper.stop()
    const two = seek(hosts, 1)
    await one.process.jsonLine(sightingOf(two, hosts.address(1)))
  })
})
