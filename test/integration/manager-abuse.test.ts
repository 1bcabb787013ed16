/** Bad use of a manager: by programs that are wrong, and by members that are hostile. */
import { expect } from 'chai'
import { ANSWERS_WINDOW_BYTES, WAITS_MAX } from '../../src/core/limits.ts'
import type { Arg, Call, Kind, Op } from '../../src/core/manager/calls.ts'
import { KINDS } from '../../src/core/manager/calls.ts'
import type { ClientMessage, ManagerMessage } from '../../src/core/manager/messages.ts'
import { MANAGER_PROTOCOL } from '../../src/net/network.ts'
import { Manager } from '../../src/index.ts'
import { encodeFrame, FrameBuilder } from '../../src/wire/frame.ts'
import { clientEnd } from '../../src/wire/manager-messages.ts'
import { ManagerHome } from '../support/manager-home.ts'
import { waits } from '../support/manager-suite.ts'
import { failureOf } from '../support/pool-suite.ts'
import { RawPeer } from '../support/raw-peer.ts'
import type { RawStream } from '../support/raw-peer.ts'
import { until } from '../support/until.ts'

describe('bad use of a manager', function () {
  this.timeout(60_000)
  let home: ManagerHome
  const peers: RawPeer[] = []

  before(() => {
    home = new ManagerHome()
  })

  afterEach(async () => {
    await Promise.all(peers.splice(0).map((peer) => peer.stop()))
    await home.close()
  })

  after(async () => {
    await home.end()
  })

  describe('by programs', () => {
    let manager: Manager

    beforeEach(async () => {
      manager = await home.local()
    })

    /** What TypeScript would not let pass. */
    const wrong = (value: unknown): never => value as never

    it('wrong types and numbers are refused where they are said', async () => {
      const queue = manager.queue('q')
      const calls: (() => unknown)[] = [
        () => manager.queue(wrong(7)),
        () => manager.queue(''),
        () => manager.lock('x'.repeat(2_000)),
        () => manager.queue('other', { maxsize: 1.5 }),
        () => manager.semaphore('s', Number.NaN),
        () => manager.barrier('b', { parties: wrong('2') }),
        () => queue.get({ timeoutMs: wrong('soon') }),
        () => queue.get({ timeoutMs: Number.NaN }),
        () => queue.getMany(0),
        () => manager.dict('d').set(wrong({ a: 1 }), 1),
        () => manager.dict('d').set('x'.repeat(2_000), 1),
        () => Manager.connect(''),
        () => Manager.start({ local: true, leaseMs: 1 })
      ]
      for (const [place, call] of calls.entries()) {
        const problem = await failureOf(Promise.resolve().then(call))
        expect(problem, `call ${place}`)
          .to.have.property('code')
          .that.is.oneOf(['USAGE', 'BAD_VALUE'])
      }
      // None of them has done any harm.
      await queue.put(1)
      expect(await queue.get()).to.equal(1)
    })

    it('an object of another kind is refused by every call, and told what it is', async () => {
      await manager.queue('x').put(1)
      const others = [
        () => manager.lock('x').acquire(),
        () => manager.dict('x').get('a'),
        () => manager.condition('x').acquire(),
        () => manager.value('x', 1).get(),
        () => manager.joinableQueue('x').join(),
        () => manager.object<{ f: () => void }>('x').f()
      ]
      for (const other of others) {
        const problem = await failureOf(other())
        expect(problem).to.include({ code: 'OTHER_KIND' })
        expect(problem.message).to.match(/'x' is something else: a queue/)
      }
      expect(await manager.queue('x').get()).to.equal(1)
    })

    it('whoever waits for an object that is deleted is told; its name is free', async () => {
      const condition = manager.condition('condition')
      await condition.acquire()
      await manager.lock('lock').acquire()
      await manager.semaphore('semaphore', 0).getValue()
      await manager.queue('full', { maxsize: 1 }).put(1)
      await manager.joinableQueue('joinable').put(1)
      const waiting: Record<string, Promise<unknown>> = {
        queue: manager.queue('queue').get(),
        full: manager.queue('full').put(2),
        joinable: manager.joinableQueue('joinable').join(),
        lock: manager.lock('lock').acquire(),
        semaphore: manager.semaphore('semaphore').acquire(),
        event: manager.event('event').wait(),
        condition: condition.wait(),
        barrier: manager.barrier('barrier', { parties: 2 }).wait()
      }
      const problems = Object.entries(waiting).map(
        ([name, wait]) => [name, failureOf(wait)] as const
      )
      expect(await waits(manager, ...Object.values(waiting))).to.equal(true)
      for (const [name, problem] of problems) {
        await manager.delete(name)
        expect(await problem, name).to.include({ code: 'DELETED' })
        expect(await failureOf(manager.delete(name))).to.include({ code: 'NOT_FOUND' })
        await manager.event(name).set()
      }
    })
  })

  it('a name that is not served is told so, with those that are', async () => {
    const server = await home.serve()
    const options = { token: home.token, join: server.addresses, mdns: false, timeoutMs: 3_000 }
    const problem = await failureOf(Manager.connect('missing', options))
    expect(problem).to.include({ code: 'NOT_SERVED' })
    expect(problem.message).to.match(/serve 'shared'/)
  })

  it('two that serve one name are told of each other', async () => {
    const lines: string[] = []
    const onWarning = (line: string): void => void lines.push(line)
    const first = await home.serve({ onWarning })
    await home.serve({ onWarning, join: first.addresses, nodeName: 'second' })
    await until(() => lines.length === 2, 'both are told')
    expect(lines.join()).to.match(/'second'.*serves a manager 'shared', too/)
  })

  it('who waits when the manager is closed is told why, however many', async () => {
    const server = await home.serve()
    const other = await home.connect(server)
    const waiting = Array.from({ length: 2_000 }, (_, at) =>
      failureOf(other.queue(`q${at % 50}`).get())
    )
    await waits(other)
    await server.close()
    const problems = await Promise.all(waiting)
    for (const { message } of problems) expect(message).to.match(/'shared' is gone: it was closed/)
  })

  describe('by members', () => {
    let server: Manager
    let good: Manager

    beforeEach(async () => {
      server = await home.serve()
      good = await home.connect(server)
    })

    /** A session with the manager, spoken by hand. */
    async function hostile(): Promise<RawStream> {
      const peer = await RawPeer.open({ credentials: home.credentials })
      peers.push(peer)
      const connection = await peer.join(server.addresses[0]!, { epoch: undefined })
      return await peer.open(connection, MANAGER_PROTOCOL)
    }

    const codec = clientEnd()
    function say(stream: RawStream, ...messages: ClientMessage[]): void {
      const builder = new FrameBuilder()
      for (const message of messages) for (const part of codec.encode(message)) builder.add(part)
      stream.send(...builder.take())
    }

    /** Those of the next frame. */
    async function hear(stream: RawStream): Promise<ManagerMessage[]> {
      return codec.decode((await stream.frame())!)
    }

    const OPEN: ClientMessage = {
      type: 'open',
      ...{ client: 'bad', name: 'bad', manager: 'shared', epoch: undefined, answers: 0 }
    }
    const aCall = (
      op: Op,
      args: readonly Arg[] = [],
      values: readonly Uint8Array[] = []
    ): Call => ({
      ...{ handle: 1, op, timeoutMs: undefined, args, values }
    })
    const attach = (kind: Kind): Call => aCall('attach', [KINDS.indexOf(kind), 'x'])
    const calls = (first: number, ...list: Call[]): ClientMessage => ({
      ...{ type: 'calls', first, answers: 0, calls: list }
    })

    async function expectServed(): Promise<void> {
      await good.queue('good').put('item')
      expect(await server.queue('good').get()).to.equal('item')
    }

    for (const [what, frame] of [
      ['is no message', encodeFrame(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9]))],
      ['is longer than allowed', new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0])],
      ['is empty inside', encodeFrame(new Uint8Array(0))]
    ] as const) {
      it(`a frame that ${what} ends its session, and nothing else`, async () => {
        const stream = await hostile()
        say(stream, OPEN)
        stream.send(frame)
        if (what !== 'is empty inside') expect(await stream.ended).to.equal('reset')
        await expectServed()
      })
    }

    for (const [what, message] of [
      ['leaves calls out', calls(7, attach('queue'))],
      ['confirms what it was not sent', { type: 'renewal', answers: 5 }],
      ['opens its session twice', OPEN]
    ] as const) {
      it(`a client that ${what} loses its session`, async () => {
        const stream = await hostile()
        say(stream, OPEN)
        await hear(stream)
        say(stream, message)
        expect(await stream.ended).to.equal('reset')
        await expectServed()
      })
    }

    it('calls that make no sense are answered so, and the session goes on', async () => {
      const stream = await hostile()
      const senseless = [
        aCall('put'),
        aCall('attach', [99, 'x']),
        aCall('attach', ['queue', 7]),
        aCall('attach', [KINDS.indexOf('barrier'), 'b', -1]),
        aCall('attach', [KINDS.indexOf('condition'), 'c', 55]),
        attach('queue'),
        attach('queue'),
        aCall('arrive'),
        aCall('ack', ['x', null, 1e300]),
        aCall('cancel', ['x']),
        aCall('invoke', [null]),
        aCall('splice', [1e308, -1])
      ]
      say(stream, OPEN, calls(1, ...senseless))
      const answers: string[] = []
      while (answers.length < senseless.length - 1) {
        for (const message of await hear(stream)) {
          if (message.type === 'answers')
            answers.push(...message.answers.map(({ status }) => status))
        }
      }
      expect(answers).to.deep.equal([
        ...['notFound', 'badCall', 'badCall', 'badCall', 'badCall', 'ok', 'badCall', 'badCall'],
        ...['notHeld', 'badCall', 'badCall']
      ])
      await expectServed()
    })

    it('a client that waits for more than it may is told so for each beyond', async () => {
      const stream = await hostile()
      say(stream, OPEN, calls(1, attach('queue')))
      let limits = 0
      let first = 2
      for (; first < WAITS_MAX + 2; first += 4_096) {
        say(stream, calls(first, ...Array.from({ length: 4_096 }, () => aCall('get'))))
      }
      say(stream, calls(first, ...Array.from({ length: 100 }, () => aCall('get'))))
      while (limits < 100) {
        for (const message of await hear(stream)) {
          if (message.type !== 'answers') continue
          limits += message.answers.filter(({ status }) => status === 'limit').length
        }
      }
      await expectServed()
    })

    it('a client that takes no answers gets no more than its window, and is put off', async () => {
      await server.list<Uint8Array>('x').push(new Uint8Array(1024 * 1024))
      const stream = await hostile()
      const slice = aCall('slice', [0, null])
      say(stream, OPEN, calls(1, attach('list'), ...Array.from({ length: 1_000 }, () => slice)))
      let bytes = 0
      let answers = 0
      while (bytes < ANSWERS_WINDOW_BYTES) {
        for (const message of await hear(stream)) {
          if (message.type !== 'answers') continue
          answers += message.answers.length
          for (const { values } of message.answers)
            for (const value of values) bytes += value.length
        }
      }
      // It goes on as it confirms, and not before.
      expect(answers).to.be.below(10)
      say(stream, { type: 'renewal', answers })
      const before = answers
      while (answers < before + 4) {
        for (const message of await hear(stream)) {
          if (message.type === 'answers') answers += message.answers.length
        }
      }
      expect(answers).to.be.below(20)
      await expectServed()
    })
  })
})
