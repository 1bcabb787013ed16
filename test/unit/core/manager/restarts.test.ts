/** What a durable manager that was killed and started anew still knows, and what it does not. */
import { expect } from 'chai'
import { MANAGER_AWAY_MS } from '../../../../src/core/limits.ts'
import { LEASE, ManagerWorld, texts } from '../../../support/manager-world.ts'
import type { WorldClient } from '../../../support/manager-world.ts'

describe('a durable manager that is started anew', () => {
  let world: ManagerWorld
  let one: WorldClient
  let two: WorldClient
  let queue: number
  let others: number

  beforeEach(() => {
    world = new ManagerWorld({ isDurable: true })
    one = world.client()
    two = world.client()
    queue = one.attach('joinableQueue', 'q')
    others = two.attach('joinableQueue', 'q')
  })

  function restart(unheard = 0): void {
    world.crash(unheard)
    for (const client of world.clients) if (!client.isStopped) client.connect()
    world.settle()
  }

  it('has its items, in their order, and how many are not done', () => {
    one.put(queue, 'a', 'b', 'c')
    expect(two.taken(two.call(others, 'get'))).to.deep.equal(['a'])
    restart()
    expect(one.ask(queue, 'state').args).to.deep.equal([2, 0, 3])
    expect(two.taken(two.call(others, 'get'))).to.deep.equal(['b'])
    const join = one.call(queue, 'join')
    for (let item = 0; item < 3; item++) two.call(others, 'taskDone')
    expect(one.statusOf(join)).to.equal('ok')
    expect(two.ask(others, 'taskDone').status).to.equal('notHeld')
  })

  it('a put whose answer nobody heard is not doubled; one that is not on disk is done again', () => {
    world.isDiskSlow = true
    const put = one.put(queue, 'a')
    restart(1)
    world.commit()
    world.settle()
    const again = one.put(queue, 'b')
    restart(0)
    world.isDiskSlow = false
    world.commit()
    world.settle()
    expect([one.statusOf(put), one.statusOf(again)]).to.deep.equal(['ok', 'ok'])
    expect(two.taken(two.call(others, 'get', { args: [9] }))).to.deep.equal(['a', 'b'])
  })

  it('an item whose taker did not hear of it comes to that one, and to nobody else', () => {
    one.put(queue, 'a')
    world.isDiskSlow = true
    const get = two.call(others, 'get')
    world.isDiskSlow = false
    restart(1)
    expect(two.taken(get)).to.deep.equal(['a'])
    expect(one.ask(queue, 'get', { timeoutMs: 0 }).status).to.equal('empty')
  })

  it('who waited waits on, in the same order, and as long as it wanted', () => {
    const gets = [one.call(queue, 'get', { timeoutMs: 500 }), two.call(others, 'get')]
    const last = one.call(queue, 'get')
    restart()
    world.pass(500)
    expect(one.statusOf(gets[0]!)).to.equal('empty')
    one.put(queue, 'a')
    expect(two.taken(gets[1]!)).to.deep.equal(['a'])
    one.put(queue, 'b')
    expect(one.taken(last)).to.deep.equal(['b'])
  })

  it('a put of many that waits for room goes on where it was', () => {
    const [narrow, theirs] = [one.attach('queue', 'n', 2), two.attach('queue', 'n')]
    const put = one.put(narrow, 'a', 'b', 'c', 'd', 'e')
    expect(two.taken(two.call(theirs, 'get'))).to.deep.equal(['a'])
    restart()
    expect(two.ask(theirs, 'state').args.slice(0, 2)).to.deep.equal([2, 2])
    const taken = ['b', 'c', 'd', 'e'].map(() => two.taken(two.call(theirs, 'get')))
    expect(taken.flat()).to.deep.equal(['b', 'c', 'd', 'e'])
    expect(one.answers.get(put))
      .to.include({ status: 'ok' })
      .and.deep.include({ args: [5] })
  })

  it('what is on lease stays there for who comes back, and goes back from who does not', () => {
    one.put(queue, 'a', 'b')
    const mine = one.ask(queue, 'get', { args: [1, true] })
    expect(texts(two.ask(others, 'get', { args: [1, true] }))).to.deep.equal(['b'])
    two.kill()
    restart()
    expect(one.ask(queue, 'ack', { args: mine.args }).status).to.equal('ok')
    const get = one.call(queue, 'get')
    world.pass(LEASE)
    expect(one.statusOf(get), 'it is looked for that long').to.equal('waits')
    world.pass(MANAGER_AWAY_MS)
    expect(one.taken(get)).to.deep.equal(['b'])
    restart()
    expect(one.ask(queue, 'state').args.slice(0, 1)).to.deep.equal([0])
  })

  it('gives nothing to who waits and is not there: what was put is not lost with them', () => {
    two.call(others, 'get')
    two.kill()
    restart()
    one.put(queue, 'a', 'b')
    expect(one.ask(queue, 'state').args[0]).to.equal(2)
    expect(one.taken(one.call(queue, 'get'))).to.deep.equal(['a'])
    world.pass(LEASE + MANAGER_AWAY_MS)
    expect(one.taken(one.call(queue, 'get'))).to.deep.equal(['b'])
  })

  it('never gives a number again that a lease had', () => {
    one.put(queue, 'a')
    const first = one.ask(queue, 'get', { args: [1, true] })
    one.ask(queue, 'ack', { args: first.args })
    restart()
    one.put(queue, 'b')
    const second = one.ask(queue, 'get', { args: [1, true] })
    expect(second.args[0]).to.be.above(Number(first.args[0]))
    expect(one.ask(queue, 'ack', { args: first.args }).status).to.equal('notHeld')
  })

  it('what is no queue is gone: who holds it or waits for it is told', () => {
    const [lock, theirs] = [one.attach('lock', 'l'), two.attach('lock', 'l')]
    const held = one.ask(lock, 'acquire')
    const waits = two.call(theirs, 'acquire')
    restart()
    expect(two.statusOf(waits)).to.equal('deleted')
    expect(one.ask(lock, 'release', { args: [held.args[1]!] }).status).to.equal('deleted')
    expect(one.ask(one.attach('lock', 'l'), 'acquire').args[0], 'another lock').to.equal(true)
  })

  it('a queue that was deleted stays deleted', () => {
    one.put(queue, 'a')
    two.call(0, 'delete', { args: ['q'] })
    restart()
    expect(one.ask(queue, 'get').status).to.equal('deleted')
    expect(one.ask(one.attach('queue', 'q'), 'state').args[0]).to.equal(0)
    expect([...world.disk.values()].some(({ type }) => type === 'item')).to.equal(false)
  })

  it('that said it ends gives back what was on lease, and knows nobody any more', () => {
    one.put(queue, 'a', 'b')
    one.ask(queue, 'get', { args: [1, true] })
    expect(texts(one.ask(queue, 'get', { args: [1, true] }))).to.deep.equal(['b'])
    two.call(others, 'get')
    world.handle({ type: 'close' })
    world.settle()
    expect([one.gone, two.gone]).to.deep.equal(['closed', 'closed'])
    world.crash()
    const three = world.client()
    const theirs = three.attach('joinableQueue', 'q')
    expect(three.taken(three.call(theirs, 'get', { args: [9] }))).to.deep.equal(['a', 'b'])
    const clients = [...world.disk.values()].filter(({ type }) => type === 'client')
    expect(clients.length).to.equal(1)
  })

  it('takes nothing new while its disk is nearly full, and gives what it has', () => {
    one.put(queue, 'a')
    world.handle({ type: 'space', isLow: true })
    expect(one.statusOf(one.put(queue, 'b'))).to.equal('noSpace')
    expect(two.taken(two.call(others, 'get'))).to.deep.equal(['a'])
    world.handle({ type: 'space', isLow: false })
    expect(one.statusOf(one.put(queue, 'b'))).to.equal('ok')
  })

  it('writes nothing for renewals and messages that change nothing', () => {
    one.put(queue, 'a')
    world.pass(LEASE)
    const before = world.lastRow
    world.told.length = 0
    world.isDiskSlow = true
    world.pass(LEASE / 2)
    world.crash()
    expect(world.lastRow).to.equal(before)
  })
})
