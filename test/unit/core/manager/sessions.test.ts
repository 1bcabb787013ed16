/** Clients and their manager over lost connections: once, in order, and until when. */
import { expect } from 'chai'
import { CALLS_WINDOW, WAITS_MAX } from '../../../../src/core/limits.ts'
import { ManagerClient } from '../../../../src/core/manager/client.ts'
import { Manager } from '../../../../src/core/manager/manager.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { bytes, LEASE, ManagerWorld } from '../../../support/manager-world.ts'
import type { WorldClient } from '../../../support/manager-world.ts'

describe('sessions with a manager', () => {
  let world: ManagerWorld

  beforeEach(() => {
    world = new ManagerWorld()
  })

  it('a call whose answer was lost with the connection takes effect once', () => {
    const client = world.client()
    const queue = client.attach('queue', 'q')
    client.add(queue, 'put', { values: [bytes('a')] })
    client.handle({ type: 'flush' })
    // The manager has it; its answer is on the way.
    client.deliver()
    client.cut()
    client.connect()
    world.settle()
    expect(client.ask(queue, 'state').args[0]).to.equal(1)
  })

  it('a call that never arrived is sent again', () => {
    const client = world.client()
    const queue = client.attach('queue', 'q')
    const put = client.add(queue, 'put', { values: [bytes('a')] })
    client.handle({ type: 'flush' })
    client.cut()
    expect(client.statusOf(put)).to.equal('waits')
    client.connect()
    world.settle()
    expect(client.statusOf(put)).to.equal('ok')
    expect(client.ask(queue, 'state').args[0]).to.equal(1)
  })

  it('what is called before there is a session waits for it', () => {
    const client = world.client(false)
    const queue = client.attach('queue', 'q')
    const put = client.put(queue, 'a')
    client.connect()
    world.settle()
    expect(client.statusOf(put)).to.equal('ok')
  })

  it('a wait outlives its connection', () => {
    const [one, two] = [world.client(), world.client()]
    const get = one.call(one.attach('queue', 'q'), 'get')
    one.cut()
    two.put(two.attach('queue', 'q'), 'a')
    one.connect()
    world.settle()
    expect(one.taken(get)).to.deep.equal(['a'])
  })

  it('a client that was given up is told, and goes on as a new one with the same objects', () => {
    const client = world.client()
    const queue = client.attach('queue', 'q')
    const get = client.call(queue, 'get')
    client.cut()
    world.pass(LEASE)
    client.connect()
    world.settle()
    expect([...client.lost]).to.deep.equal([get])
    client.connect()
    world.settle()
    expect(client.statusOf(client.put(queue, 'a'))).to.equal('ok')
    expect(client.taken(client.call(queue, 'get'))).to.deep.equal(['a'])
  })

  it('a client that was given up asks for no object again that it could not have', () => {
    const client = world.client()
    client.attach('queue', 'q')
    client.attach('custom', 'not registered')
    expect([...client.answers.values()].map(({ status }) => status)).to.deep.equal([
      'ok',
      'notFound'
    ])
    client.cut()
    world.pass(LEASE)
    client.connect()
    world.settle()
    client.connect()
    world.settle()
    expect(client.answers.size).to.equal(3)
  })

  it('renewals keep a silent client, and its manager, in touch', () => {
    const client = world.client()
    const lock = client.attach('lock', 'l')
    client.ask(lock, 'acquire')
    world.pass(20 * LEASE)
    expect(client.ask(lock, 'state').args[0]).to.equal(true)
    expect(client.effects.filter(({ type }) => type === 'disconnect')).to.deep.equal([])
  })

  it('a client that leaves gives everything back at once', () => {
    const [one, two] = [world.client(), world.client()]
    const [mine, theirs] = [one.attach('lock', 'l'), two.attach('lock', 'l')]
    one.ask(mine, 'acquire')
    const waiting = two.call(theirs, 'acquire')
    one.handle({ type: 'leave' })
    world.settle()
    expect(two.statusOf(waiting)).to.equal('ok')
    expect(one.gone).to.equal('left')
  })

  it('a manager that ends tells everybody', () => {
    const client = world.client()
    client.call(client.attach('queue', 'q'), 'get')
    world.handle({ type: 'close' })
    world.settle()
    expect(client.gone).to.equal('closed')
  })

  it('a manager that is away too long is given up', () => {
    const client = world.client()
    client.cut()
    world.pass(29_999)
    expect(client.gone).to.equal(undefined)
    world.pass(1)
    expect(client.gone).to.equal('unreachable')
  })

  it('a manager of another epoch does not have these objects', () => {
    const client = world.client()
    client.cut()
    const peer = 'c1' as NodeId
    const other = new Manager({ name: 'm', epoch: 'another', leaseMs: LEASE })
    client.connect()
    const [open] = client.toManager
    const [refused] = other.handle({ type: 'message', peer, session: 1, message: open! }, world.now)
    expect(refused).to.deep.include({ message: { type: 'refused', reason: 'restarted' } })
    client.handle({
      type: 'message',
      session: client.session!,
      message: { type: 'refused', reason: 'restarted' }
    })
    expect(client.gone).to.equal('restarted')
  })

  it('a silent manager is left, and looked for again', () => {
    const client = world.client()
    const { session } = client
    client.handle({ type: 'wake' })
    world.manager.handle({ type: 'disconnected', session: session! }, world.now)
    client.toClient.length = 0
    world.pass(LEASE + LEASE / 3)
    expect(client.effects.some(({ type }) => type === 'disconnect')).to.equal(true)
  })

  it('calls and answers that come twice count once', () => {
    const client = world.client()
    const queue = client.attach('queue', 'q')
    client.add(queue, 'put', { values: [bytes('a')] })
    client.handle({ type: 'flush' })
    client.toManager.push(...client.toManager)
    client.deliver()
    const sent = [...client.toClient]
    client.toClient.push(...sent)
    world.settle()
    expect(client.ask(queue, 'state').args[0]).to.equal(1)
    expect(client.session).to.not.equal(undefined)
  })

  it('who confirms answers that nobody sent loses its session', () => {
    const client = world.client()
    client.toManager.push({ type: 'renewal', answers: 7 })
    world.settle()
    expect(client.session).to.equal(undefined)
  })

  it('who leaves calls out loses its session', () => {
    const client = world.client()
    client.toManager.push({ type: 'calls', first: 3, answers: 0, calls: [] })
    world.settle()
    expect(client.session).to.equal(undefined)
  })

  it('a client never has more calls on their way than the manager allows', () => {
    const machine = new ManagerClient({ client: 'c', name: 'c', manager: 'm' })
    machine.handle({ type: 'connected', session: 1 }, 0)
    const opened = { type: 'opened', epoch: 'e', leaseMs: LEASE, calls: 0 } as const
    machine.handle({ type: 'message', session: 1, message: opened }, 0)
    const call = { handle: 1, op: 'get', timeoutMs: undefined, args: [], values: [] } as const
    for (let count = 0; count < 2 * CALLS_WINDOW; count++) machine.add(call)
    const sent = machine.handle({ type: 'flush' }, 0).flatMap((effect) => {
      return effect.type === 'send' && effect.message.type === 'calls' ? effect.message.calls : []
    })
    expect(sent.length).to.equal(CALLS_WINDOW)
  })

  it('a client has so many waits, and is told of each beyond', () => {
    const client = world.client()
    const queue = client.attach('queue', 'q')
    const gets = Array.from({ length: WAITS_MAX + 5 }, () => client.add(queue, 'get'))
    client.handle({ type: 'flush' })
    world.settle()
    expect(gets.filter((get) => client.statusOf(get) === 'limit')).to.have.lengthOf(5)
  })

  it('a client that does not take its answers gets no more, and all of them later', () => {
    const client = world.client()
    const queue = client.attach('queue', 'q')
    const large = new Uint8Array(100_000)
    for (let count = 0; count < 200; count++) client.call(queue, 'put', { values: [large] })
    const gets = Array.from({ length: 200 }, () => client.add(queue, 'get'))
    client.handle({ type: 'flush' })
    // Only the manager's side moves.
    const kept = client.toClient.splice(0)
    while (client.toManager.length > 0) client.deliver()
    const state = [...world.manager.state.clients.values()][0]!
    expect(state.keptBytes).to.be.below(5_000_000)
    expect(state.putOff.size).to.be.above(100)
    client.toClient.unshift(...kept)
    world.settle()
    expect(gets.map((get) => client.statusOf(get))).to.deep.equal(new Array(200).fill('ok'))
  })

  describe('what is held', () => {
    const expiries = (client: WorldClient): number =>
      client.effects.filter(({ type }) => type === 'expired').length

    it('is safe for as long as the manager is heard', () => {
      const client = world.client()
      world.pass(10 * LEASE)
      expect(expiries(client)).to.equal(0)
    })

    it('may be lost a lease after the last thing that the manager has heard, and no later', () => {
      const client = world.client()
      const handle = client.attach('lock', 'l')
      client.ask(handle, 'acquire')
      client.cut()
      world.pass(LEASE - 1)
      expect(expiries(client)).to.equal(0)
      world.pass(1)
      expect(expiries(client)).to.equal(1)
      world.pass(LEASE)
      expect(expiries(client)).to.equal(1)
    })

    it('is never lost to another before its holder knows that it may be', () => {
      for (let part = 1; part < 10; part++) {
        const [client, other] = [world.client(), world.client()]
        const [mine, theirs] = ['lock', 'lock'].map((kind, place) =>
          [client, other][place]!.attach(kind as 'lock', `l${part}`)
        )
        client.ask(mine!, 'acquire')
        const wait = other.call(theirs!, 'acquire')
        world.pass((part * LEASE) / 7)
        client.cut()
        while (other.statusOf(wait) === 'waits') world.pass(50)
        expect(expiries(client)).to.equal(1)
      }
    })

    it('is safe again once the manager has answered in a new session', () => {
      const client = world.client()
      for (let time = 0; time < 4; time++) {
        world.pass(LEASE / 2)
        client.cut()
        world.pass(LEASE / 2)
        client.connect()
        world.settle()
      }
      expect(expiries(client)).to.equal(0)
    })
  })
})
