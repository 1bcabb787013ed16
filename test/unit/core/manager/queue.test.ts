/** Shared queues: order, room, waiting, leases. */
import { expect } from 'chai'
import { bytes, LEASE, ManagerWorld } from '../../../support/manager-world.ts'
import type { WorldClient } from '../../../support/manager-world.ts'

describe('a shared queue', () => {
  let world: ManagerWorld
  let one: WorldClient
  let two: WorldClient

  beforeEach(() => {
    world = new ManagerWorld()
    one = world.client()
    two = world.client()
  })

  /** The same queue at both. */
  function queue(maxsize = 0, kind: 'queue' | 'joinableQueue' = 'queue'): [number, number] {
    return [one.attach(kind, 'q', maxsize), two.attach(kind, 'q', maxsize)]
  }

  it('gives items in the order in which they came', () => {
    const [mine, theirs] = queue()
    one.put(mine, 'a', 'b')
    two.put(theirs, 'c')
    const taken = [1, 2, 3].map(() => two.taken(two.call(theirs, 'get')))
    expect(taken).to.deep.equal([['a'], ['b'], ['c']])
  })

  it('gives an item to who has waited longest', () => {
    const [mine, theirs] = queue()
    const first = two.call(theirs, 'get')
    const second = one.call(mine, 'get')
    const third = two.call(theirs, 'get')
    one.put(mine, 'a')
    expect([two.taken(first), one.taken(second)]).to.deep.equal([['a'], undefined])
    one.put(mine, 'b', 'c')
    expect([one.taken(second), two.taken(third)]).to.deep.equal([['b'], ['c']])
  })

  it('who waits for several gets all that are put in one step, and no more than it wants', () => {
    const [mine, theirs] = queue()
    const [first, second] = [two.call(theirs, 'get', { args: [3] }), one.call(mine, 'get')]
    two.put(theirs, 'a', 'b', 'c', 'd', 'e')
    expect([two.taken(first), one.taken(second)]).to.deep.equal([['a', 'b', 'c'], ['d']])
    expect(one.taken(one.call(mine, 'get'))).to.deep.equal(['e'])
  })

  it('who wants more than a message holds gets what there is', () => {
    const [mine, theirs] = queue()
    one.put(mine, 'a', 'b')
    expect(two.taken(two.call(theirs, 'get', { args: [1_000_000] }))).to.deep.equal(['a', 'b'])
  })

  it('who waits makes room, too', () => {
    const [mine, theirs] = queue(2)
    const gets = [1, 2, 3].map(() => two.call(theirs, 'get'))
    const put = one.put(mine, 'a', 'b', 'c', 'd', 'e')
    expect(one.statusOf(put)).to.equal('ok')
    expect(gets.map((get) => two.taken(get))).to.deep.equal([['a'], ['b'], ['c']])
  })

  it('a put waits for room, and comes before later ones', () => {
    const [mine, theirs] = queue(2)
    one.put(mine, 'a', 'b')
    const waiting = one.put(mine, 'c', 'd')
    const later = two.put(theirs, 'e')
    expect([one.statusOf(waiting), two.statusOf(later)]).to.deep.equal(['waits', 'waits'])
    const taken = [1, 2, 3, 4, 5].map(() => two.taken(two.call(theirs, 'get'))?.[0])
    expect(taken).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    expect([one.statusOf(waiting), two.statusOf(later)]).to.deep.equal(['ok', 'ok'])
  })

  it('full, and empty, at once or after a while', () => {
    const [mine, theirs] = queue(1)
    expect(one.ask(mine, 'get', { timeoutMs: 0 }).status).to.equal('empty')
    const get = one.call(mine, 'get', { timeoutMs: 50 })
    world.pass(49)
    expect(one.statusOf(get)).to.equal('waits')
    world.pass(1)
    expect(one.statusOf(get)).to.equal('empty')
    one.put(mine, 'a')
    const put = { values: [bytes('b')] }
    expect(two.ask(theirs, 'put', { ...put, timeoutMs: 0 }).status).to.equal('full')
    const request = two.call(theirs, 'put', { ...put, timeoutMs: 50 })
    world.pass(50)
    expect(two.statusOf(request)).to.equal('full')
    expect(one.taken(one.call(mine, 'get'))).to.deep.equal(['a'])
    expect(one.ask(mine, 'get', { timeoutMs: 0 }).status).to.equal('empty')
  })

  it('who does not read what it got is given no more until it does', () => {
    const [mine, theirs] = queue()
    const gets = Array.from({ length: 10 }, () => two.call(theirs, 'get'))
    two.isDeaf = true
    const values = Array.from({ length: 10 }, (_, place) => new Uint8Array(2 ** 20).fill(place))
    for (const value of values) one.call(mine, 'put', { values: [value] })
    // Four fill the window of 4 MiB.
    expect(one.ask(mine, 'state').args[0]).to.equal(6)
    expect(one.ask(mine, 'get').values[0]?.[0]).to.equal(4)
    two.isDeaf = false
    world.settle()
    const taken = gets.map((get) => two.answers.get(get)?.values[0]?.[0])
    expect(taken).to.deep.equal([0, 1, 2, 3, 5, 6, 7, 8, 9, undefined])
    expect(one.ask(mine, 'state').args[0]).to.equal(0)
  })

  it('a wait that is canceled takes nothing', () => {
    const [mine, theirs] = queue()
    const get = one.call(mine, 'get')
    one.cancel(get)
    expect(one.statusOf(get)).to.equal('canceled')
    two.put(theirs, 'a')
    expect(two.taken(two.call(theirs, 'get'))).to.deep.equal(['a'])
  })

  it('a cancel that comes too late changes nothing', () => {
    const [mine, theirs] = queue()
    const get = one.call(mine, 'get')
    two.put(theirs, 'a')
    one.call(0, 'cancel', { args: [get] })
    expect(one.taken(get)).to.deep.equal(['a'])
  })

  it('the waits of a lost client take nothing', () => {
    const [mine, theirs] = queue()
    const get = one.call(mine, 'get')
    one.kill()
    const later = two.call(theirs, 'get')
    world.pass(LEASE)
    two.put(theirs, 'a')
    expect([one.statusOf(get), two.taken(later)]).to.deep.equal(['waits', ['a']])
  })

  it('what is on lease to a lost client comes back, in its order, before all else', () => {
    const [mine, theirs] = queue()
    one.put(mine, 'a', 'b', 'c', 'd')
    const leased = { args: [1, true] }
    const first = two.ask(theirs, 'get', leased)
    for (let count = 0; count < 2; count++) two.ask(theirs, 'get', leased)
    two.ask(theirs, 'ack', { args: first.args })
    two.kill()
    world.pass(LEASE - 1)
    expect(one.taken(one.call(mine, 'get'))).to.deep.equal(['d'])
    world.pass(1)
    const taken = [1, 2].map(() => one.taken(one.call(mine, 'get'))?.[0])
    expect(taken).to.deep.equal(['b', 'c'])
  })

  it('what is given back is the first again', () => {
    const [mine, theirs] = queue()
    one.put(mine, 'a', 'b')
    const { args } = two.ask(theirs, 'get', { args: [1, true] })
    expect(one.ask(mine, 'giveBack', { args }).status).to.equal('notHeld')
    expect(two.ask(theirs, 'giveBack', { args }).status).to.equal('ok')
    expect(two.ask(theirs, 'ack', { args }).status).to.equal('notHeld')
    expect(one.taken(one.call(mine, 'get'))).to.deep.equal(['a'])
  })

  it('join waits until every item is done', () => {
    const [mine, theirs] = queue(0, 'joinableQueue')
    one.put(mine, 'a', 'b')
    const join = one.call(mine, 'join')
    two.call(theirs, 'get')
    expect(two.ask(theirs, 'taskDone').status).to.equal('ok')
    const { args } = two.ask(theirs, 'get', { args: [1, true] })
    expect(one.statusOf(join)).to.equal('waits')
    two.ask(theirs, 'ack', { args })
    expect(one.statusOf(join)).to.equal('ok')
    expect(two.ask(theirs, 'taskDone').status).to.equal('notHeld')
  })

  it('deleted: all who wait are told, and the name is free', () => {
    const [mine, theirs] = queue(1, 'joinableQueue')
    one.put(mine, 'a')
    const requests = [two.put(theirs, 'b'), two.call(theirs, 'join')]
    one.ask(0, 'delete', { args: ['q'] })
    expect(requests.map((request) => two.statusOf(request))).to.deep.equal(['deleted', 'deleted'])
    expect(two.ask(theirs, 'state').status).to.equal('deleted')
    for (const { waits } of world.manager.state.clients.values()) expect(waits.size).to.equal(0)
    const again = two.attach('queue', 'q')
    expect(two.ask(again, 'state').args).to.deep.equal([0, 0, 0])
  })

  it('gives nothing to who is cut off and may be dead; it keeps its place', () => {
    const [mine, theirs] = queue(2)
    const gone = two.call(theirs, 'get')
    const back = one.call(mine, 'get')
    two.cut()
    one.put(mine, 'a')
    expect(one.taken(back)).to.deep.equal(['a'])
    const full = one.put(mine, 'b', 'c', 'd')
    expect(one.statusOf(full)).to.equal('waits')
    two.connect()
    world.settle()
    expect(two.taken(gone)).to.deep.equal(['b'])
    expect(one.statusOf(full)).to.equal('ok')
    two.call(theirs, 'get', { args: [9] })
    two.call(theirs, 'get')
    two.kill()
    one.put(mine, 'e')
    world.pass(2 * LEASE)
    expect(one.taken(one.call(mine, 'get'))).to.deep.equal(['e'])
  })

  it('keeps count of its memory', () => {
    const [mine, theirs] = queue(2)
    one.put(mine, 'a', 'b', 'c')
    two.call(theirs, 'get', { args: [1, true] })
    two.call(theirs, 'get')
    two.put(theirs, 'd', 'e')
    one.kill()
    two.kill()
    world.pass(2 * LEASE)
    expect(world.manager.state.clients.size).to.equal(0)
    const last = world.client()
    last.ask(0, 'delete', { args: ['q'] })
    last.kill()
    world.pass(LEASE)
    expect(world.manager.state.bytes).to.equal(0)
  })

  it('takes no more than there is memory for', () => {
    world = new ManagerWorld({ bytesMax: 5_000 })
    one = world.client()
    const mine = one.attach('queue', 'q')
    const statuses = Array.from({ length: 100 }, () => one.statusOf(one.put(mine, 'x'.repeat(100))))
    expect(statuses.slice(0, 10)).to.deep.equal(new Array(10).fill('ok'))
    expect(statuses.at(-1)).to.equal('limit')
    expect(world.manager.state.bytes).to.be.at.most(6_000)
    for (let count = 0; count < 20; count++) one.call(mine, 'get')
    expect(one.statusOf(one.put(mine, 'y'))).to.equal('ok')
  })
})
