/** Managers and their clients over real connections on loopback. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { BrokenBarrierError, Empty, Full, Manager } from '../../src/index.ts'
import type { ManagerOptions, Queue } from '../../src/index.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { Cable } from '../support/cable.ts'
import { failureOf } from '../support/pool-suite.ts'

const LOOPBACK = { mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
const MISSING_MS = 200

describe('manager', function () {
  this.timeout(60_000)
  const token = encodeToken(createCredentials(), 'work')
  const open: Manager[] = []
  let home: string
  let homeBefore: string | undefined

  before(() => {
    homeBefore = process.env['P2PJOBS_HOME']
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-manager-'))
    process.env['P2PJOBS_HOME'] = home
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map((manager) => manager.close()))
  })

  after(() => {
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    rmSync(home, { recursive: true, force: true })
  })

  async function serve(options: ManagerOptions = {}): Promise<Manager> {
    const manager = await Manager.start({ name: 'shared', token, ...LOOPBACK, ...options })
    open.push(manager)
    return manager
  }

  async function connect(to: readonly string[], name = 'shared'): Promise<Manager> {
    const manager = await Manager.connect(name, { token, join: to, ...LOOPBACK })
    open.push(manager)
    return manager
  }

  it('a name whose object somebody else has deleted stands for a new one', async () => {
    const server = await serve()
    const client = await connect(server.addresses)
    const queue = client.queue('shared')
    const get = failureOf(queue.get())
    await queue.qsize()
    await server.delete('shared')
    expect(await get).to.include({ code: 'DELETED' })
    expect(client.queue('shared')).not.to.equal(queue)
    expect(await client.queue('shared').empty()).to.equal(true)
  })

  it('two queues, as the scheduler that this grew out of', async () => {
    const server = await serve()
    const [master, slave] = [await connect(server.addresses), await connect(server.addresses)]
    const work = async (): Promise<void> => {
      const finished = slave.queue<number>('finished')
      for await (const job of slave.queue<number>('dispatched')) await finished.put(job * job)
    }
    const working = work()
    await master.queue<number>('dispatched').putMany([1, 2, 3])
    const finished: Queue<number> = master.queue('finished')
    expect([await finished.get(), await finished.get(), await finished.get()]).to.deep.equal([
      1, 4, 9
    ])
    await master.delete('dispatched')
    await working
  })

  it('Empty and Full', async () => {
    const server = await serve()
    const queue = (await connect(server.addresses)).queue('q', { maxsize: 1 })
    expect(await failureOf(queue.getNowait())).to.be.an.instanceOf(Empty)
    expect(await failureOf(queue.get({ timeoutMs: 5 }))).to.include({ code: 'EMPTY' })
    await queue.put('a')
    expect(await failureOf(queue.putNowait('b'))).to.be.an.instanceOf(Full)
    expect([await queue.qsize(), await queue.full(), await queue.maxsize()]).to.deep.equal([
      1,
      true,
      1
    ])
  })

  it('a signal ends a wait', async () => {
    const server = await serve()
    const other = await connect(server.addresses)
    const abort = new AbortController()
    const waits = [
      other.queue('q').get({ signal: abort.signal }),
      other.event('e').wait({ signal: abort.signal }),
      other.barrier('b', { parties: 2 }).wait({ signal: abort.signal })
    ].map(failureOf)
    abort.abort(new Error('enough'))
    for (const error of await Promise.all(waits)) expect(error.message).to.equal('enough')
  })

  it('a lock is released at the end of its block', async () => {
    const server = await serve()
    const other = await connect(server.addresses)
    const [mine, theirs] = [server.lock('l'), other.lock('l')]
    {
      await using held = await mine.acquire()
      expect(held.fence).to.equal(1)
      expect(await theirs.acquire({ timeoutMs: 0 })).to.equal(undefined)
    }
    const held = await theirs.acquire()
    expect(held.fence).to.equal(2)
    await held.release()
    expect(await failureOf(held.release())).to.include({ code: 'NOT_HELD' })
  })

  it('a condition, a barrier with an action, and what breaks it', async () => {
    const server = await serve()
    const other = await connect(server.addresses)
    const list = server.list<string>('list')
    const consumer = async (): Promise<string | undefined> => {
      const condition = other.condition('c')
      await using held = await condition.acquire()
      const fence = held.fence
      await condition.waitFor(async () => (await other.list('list').length()) > 0)
      expect(held.fence).to.be.at.least(fence)
      return await other.list<string>('list').shift()
    }
    const consumed = consumer()
    const condition = server.condition('c')
    {
      await using held = await condition.acquire()
      await list.push('x')
      expect(held.fence).to.be.above(0)
      await condition.notifyAll()
    }
    expect(await consumed).to.equal('x')
    const acted: string[] = []
    const action = (): void => void acted.push('acted')
    const barriers = [server, other].map((manager) => manager.barrier('b', { parties: 2, action }))
    const places = await Promise.all(barriers.map((barrier) => barrier.wait()))
    expect([places.sort(), acted]).to.deep.equal([[0, 1], ['acted']])
    const broken = failureOf(barriers[0]!.wait())
    await barriers[1]!.abort()
    expect(await broken).to.be.an.instanceOf(BrokenBarrierError)
  })

  it('values, dicts and lists', async () => {
    const server = await serve()
    const other = await connect(server.addresses)
    const [mine, theirs] = [server.value('v', 0), other.value('v', 0)]
    const changes = [mine, theirs, mine, theirs].map((value) => value.update((count) => count + 1))
    await Promise.all(changes)
    expect(await theirs.get()).to.equal(4)
    const dict = other.dict<string | number>('d')
    await dict.update([
      ['a', new Map([[1, 2]])],
      [1, 'one']
    ])
    expect(await server.dict('d').entries()).to.deep.equal([
      ['a', new Map([[1, 2]])],
      [1, 'one']
    ])
    expect([await dict.delete('a'), await dict.delete('a'), await dict.size()]).to.deep.equal([
      true,
      false,
      1
    ])
    const list = other.list<number>('l')
    await list.push(1, 2, 3)
    expect(await list.splice(-2, 1, 7, 8)).to.deep.equal([2])
    expect(await server.list('l').slice()).to.deep.equal([1, 7, 8, 3])
  })

  it("objects of one's own run in the manager's program", async () => {
    class Counter {
      count = 0
      add(amount: number): number {
        return (this.count += amount)
      }
      fail(): void {
        throw new RangeError(`at ${this.count}`)
      }
    }
    const server = await serve()
    const counter = new Counter()
    server.register('counter', () => counter)
    const proxy = (await connect(server.addresses)).object<Counter>('counter')
    expect([await proxy.add(2), await proxy.add(3)]).to.deep.equal([2, 5])
    expect(counter.count).to.equal(5)
    expect(await failureOf(proxy.fail())).to.include({ name: 'RangeError', message: 'at 5' })
    const wrong = proxy as unknown as Record<string, (arg?: unknown) => Promise<unknown>>
    expect((await failureOf(wrong['add']!(() => 1))).message).to.match(/argument\[0\].*function/)
    for (const name of ['constructor', 'toString', '_private', 'count', 'nothing']) {
      expect(await failureOf(wrong[name]!()), name).to.include({ code: 'NOT_FOUND' })
    }
  })

  it('values of many megabytes', async () => {
    const server = await serve()
    const queue = (await connect(server.addresses)).queue<Uint8Array>('q')
    const large = new Uint8Array(9_000_000).map((_, at) => at % 251)
    await queue.put(large)
    expect(await server.queue('q').get()).to.deep.equal(large)
    expect(await failureOf(queue.put(new Uint8Array(17_000_000)))).to.include({ code: 'LIMIT' })
  })

  it('what is too much for one call, or one answer, is refused, and the session goes on', async () => {
    const server = await serve()
    server.register('echo', () => ({ bytes: (count: number) => new Uint8Array(count) }))
    const client = await connect(server.addresses)
    const list = client.list('list')
    const large = new Uint8Array(14_000_000)
    const echo = client.object<{ bytes(count: number, more?: unknown): Uint8Array }>('echo')
    const tooMuch = [
      list.push(...Array.from({ length: 65_537 }, () => 1)),
      list.push(large, large, large, large, large),
      echo.bytes(1, [large, large.slice(), large.slice(), large.slice(), large.slice()]),
      echo.bytes(68_000_000)
    ]
    for (const call of tooMuch.map(failureOf)) expect(await call).to.include({ code: 'LIMIT' })
    const dict = client.dict('dict')
    await dict.update([1, 2, 3, 4, 5].map((key) => [key, large]))
    expect([await dict.size(), await list.length()]).to.deep.equal([5, 0])
    expect(await echo.bytes(1)).to.have.lengthOf(1)
  })

  it('the lock of a condition is one of the same manager', async () => {
    const server = await serve()
    const client = await connect(server.addresses)
    const names = ['lock', {}, server.lock('lock')] as never[]
    for (const lock of names) {
      expect(() => client.condition('c', { lock })).to.throw(/lock\(\) or rlock\(\) of the same/)
    }
    expect(await client.condition('c', { lock: client.lock('lock') }).locked()).to.equal(false)
  })

  it('an object of another kind is refused', async () => {
    const server = await serve()
    await server.queue('x').put(1)
    const other = await connect(server.addresses)
    expect(await failureOf(other.lock('x').acquire())).to.include({ code: 'OTHER_KIND' })
  })

  it('a name that is not served is told so, with those that are', async () => {
    const server = await serve()
    const options = { token, join: server.addresses, ...LOOPBACK, timeoutMs: MISSING_MS }
    const error = await failureOf(Manager.connect('missing', options))
    expect(error).to.include({ code: 'NOT_SERVED' })
  })

  it('who waits is told when the manager ends', async () => {
    const server = await serve()
    const other = await connect(server.addresses)
    const wait = failureOf(other.queue('q').get())
    await other.queue('q').qsize()
    await server.close()
    expect(await wait).to.include({ code: 'MANAGER_GONE' })
    expect(await failureOf(other.queue('q').get())).to.include({ code: 'MANAGER_GONE' })
  })

  it('what a client that closes holds is free at once', async () => {
    const server = await serve()
    const other = await connect(server.addresses)
    await other.lock('l').acquire()
    await server.queue('q').put('job')
    expect((await other.queue('q').get({ lease: true })).value).to.equal('job')
    const waits = [server.lock('l').acquire(), server.queue('q').get()]
    await other.close()
    expect((await Promise.all(waits))[1]).to.equal('job')
  })

  it('calls and waits outlive a connection that is cut', async () => {
    const server = await serve()
    const port = Number(/\/tcp\/(\d+)/.exec(server.addresses[0]!)?.[1])
    const cable = await Cable.to(port)
    try {
      const peer = server.addresses[0]!.split('/p2p/')[1]!
      const other = await connect([`/ip4/127.0.0.1/tcp/${cable.port}/p2p/${peer}`])
      const queue = other.queue<number>('q')
      const gets = Array.from({ length: 20 }, () => queue.get())
      await queue.qsize()
      cable.cut()
      await server.queue<number>('q').putMany(Array.from({ length: 20 }, (_, at) => at))
      cable.mend()
      expect(await Promise.all(gets)).to.deep.equal(Array.from({ length: 20 }, (_, at) => at))
    } finally {
      await Promise.all(open.splice(0).map((manager) => manager.close()))
      await cable.close()
    }
  })
})
