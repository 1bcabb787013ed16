/** Whatever a program gives to the objects of a manager: its manager can read it, or it is refused. */
import { expect } from 'chai'
import { P2pJobsError, operatingErrorOf } from '../../../src/core/errors.ts'
import type { Call } from '../../../src/core/manager/calls.ts'
import { Barrier } from '../../../src/proxies/barrier.ts'
import { Condition } from '../../../src/proxies/condition.ts'
import { Custom } from '../../../src/proxies/custom.ts'
import { Dict } from '../../../src/proxies/dict.ts'
import { Event } from '../../../src/proxies/event.ts'
import { List } from '../../../src/proxies/list.ts'
import { Lock } from '../../../src/proxies/lock.ts'
import { JoinableQueue, Queue } from '../../../src/proxies/queue.ts'
import { Semaphore } from '../../../src/proxies/semaphore.ts'
import type { Calls } from '../../../src/proxies/shared.ts'
import { Value } from '../../../src/proxies/value.ts'
import { FrameBuilder } from '../../../src/wire/frame.ts'
import { clientEnd, managerEnd } from '../../../src/wire/manager-messages.ts'

const FRAME_LENGTH_BYTES = 4

/** Calls that come through the wire, and are not answered. */
class WireCalls implements Calls {
  readonly manager = 'manager'
  /** Those that came, without those that attach. */
  sent = 0
  #handles = 0
  readonly connection = {
    call: (call: Call) => {
      expect(throughWire(call)).to.deep.equal(call)
      if (call.op !== 'attach') this.sent++
      return { request: 1, answer: Promise.reject(new P2pJobsError('LOST', 'not answered')) }
    },
    cancel: () => undefined,
    tenure: new AbortController().signal
  }

  nextHandle(): number {
    return ++this.#handles
  }
}

function throughWire(call: Call): Call | undefined {
  const frames = new FrameBuilder()
  const message = { type: 'calls', first: 1, answers: 0, calls: [call] } as const
  for (const raw of clientEnd().encode(message)) frames.add(raw)
  const end = managerEnd()
  const received = frames.take().flatMap((frame) => end.decode(frame.subarray(FRAME_LENGTH_BYTES)))
  const [first] = received
  return first?.type === 'calls' ? first.calls[0] : undefined
}

/** What comes of it: a code, or `done`. */
async function outcomeOf(work: () => unknown): Promise<string> {
  try {
    await work()
    return 'done'
  } catch (error) {
    const known = operatingErrorOf(error)
    if (known === undefined) throw error
    return known.code
  }
}

const anything: readonly unknown[] = [
  ...[NaN, 1.5, -1, 2 ** 60, Infinity, -Infinity, 5n, true, null, undefined, Symbol('s')],
  ...['', 'text', 'x'.repeat(5_000), '\ud800', {}, [], [[]], { values: 1 }, { timeoutMs: {} }],
  ...[{ signal: 1 }, { lease: 1 }, () => 1, new Date(0), new Map([[{}, 1]])],
  Object.create(null)
]

/** Each with anything in one place. */
const attempts: Readonly<Record<string, (calls: Calls, it: never) => unknown>> = {
  'a name': (calls, it) => new Lock(calls, it).acquire(),
  'options of a queue': (calls, it) => new Queue(calls, 'q', it).get(),
  maxsize: (calls, it) => new Queue(calls, 'q', { maxsize: it }).get(),
  put: (calls, it) => new Queue(calls, 'q', {}).put(it),
  'put, options': (calls, it) => new Queue(calls, 'q', {}).put(1, it),
  putMany: (calls, it) => new Queue(calls, 'q', {}).putMany(it),
  get: (calls, it) => new Queue(calls, 'q', {}).get(it),
  'get, timeoutMs': (calls, it) => new Queue(calls, 'q', {}).get({ timeoutMs: it }),
  'get, signal': (calls, it) => new Queue(calls, 'q', {}).get({ signal: it }),
  'get, lease': (calls, it) => new Queue(calls, 'q', {}).get({ lease: it }),
  getMany: (calls, it) => new Queue(calls, 'q', {}).getMany(it),
  leaseMany: (calls, it) => new Queue(calls, 'q', {}).leaseMany(it),
  leases: (calls, it) => new Queue(calls, 'q', {}).leases(it).next(),
  join: (calls, it) => new JoinableQueue(calls, 'q', {}).join(it),
  acquire: (calls, it) => new Lock(calls, 'l').acquire(it),
  semaphore: (calls, it) => new Semaphore(calls, 's', it).acquire(),
  'semaphore, acquire': (calls, it) => new Semaphore(calls, 's', 1).acquire(it),
  release: (calls, it) => new Semaphore(calls, 's', 1).release(it),
  'event, wait': (calls, it) => new Event(calls, 'e').wait(it),
  'condition, wait': (calls, it) => new Condition(calls, 'c', {}).wait(it),
  waitFor: (calls, it) => new Condition(calls, 'c', {}).waitFor(it),
  'waitFor, options': (calls, it) => new Condition(calls, 'c', {}).waitFor(() => 1, it),
  notify: (calls, it) => new Condition(calls, 'c', {}).notify(it),
  'options of a barrier': (calls, it) => new Barrier(calls, 'b', it).wait(),
  parties: (calls, it) => new Barrier(calls, 'b', { parties: it }).wait(),
  'barrier, timeoutMs': (calls, it) =>
    new Barrier(calls, 'b', { parties: 1, timeoutMs: it }).wait(),
  'barrier, action': (calls, it) => new Barrier(calls, 'b', { parties: 1, action: it }).wait(),
  'barrier, wait': (calls, it) => new Barrier(calls, 'b', { parties: 1 }).wait(it),
  value: (calls, it) => new Value(calls, 'v', it).get(),
  'value, set': (calls, it) => new Value(calls, 'v', 1).set(it),
  'value, update': (calls, it) => new Value(calls, 'v', 1).update(it),
  'dict, get': (calls, it) => new Dict(calls, 'd').get(it),
  'dict, set': (calls, it) => new Dict(calls, 'd').set(it, it),
  'dict, pop': (calls, it) => new Dict(calls, 'd').pop(it),
  'dict, update': (calls, it) => new Dict(calls, 'd').update(it),
  'list, at': (calls, it) => new List(calls, 'l').at(it),
  'list, set': (calls, it) => new List(calls, 'l').set(it, 1),
  'list, pop': (calls, it) => new List(calls, 'l').pop(it),
  'list, insert': (calls, it) => new List(calls, 'l').insert(it, 1),
  'list, splice': (calls, it) => new List(calls, 'l').splice(0, it),
  'list, slice': (calls, it) => new List(calls, 'l').slice(it),
  'list, slice to': (calls, it) => new List(calls, 'l').slice(0, it),
  'list, indexOf': (calls, it) => new List(calls, 'l').indexOf(1, it),
  'a method': (calls, it) => methodOf(calls, typeof it === 'string' ? it : 'f')(it)
}

function methodOf(calls: Calls, name: string): (arg: unknown) => unknown {
  const { proxy } = new Custom(calls, 'o')
  return (proxy as Record<string, (arg: unknown) => unknown>)[name]!
}

describe('what is given to the objects of a manager', () => {
  for (const [what, attempt] of Object.entries(attempts)) {
    it(`${what}: comes through as it was given, or is refused at once`, async () => {
      for (const it of anything) {
        const calls = new WireCalls()
        const outcome = await outcomeOf(() => attempt(calls, it as never))
        const about = `${typeof it} ${typeof it === 'symbol' ? '' : JSON.stringify(it, plain)}`
        if (calls.sent > 0) expect(outcome, about).to.equal('LOST')
        else expect(outcome, about).to.be.oneOf(['USAGE', 'BAD_VALUE', 'NOT_FOUND', 'done'])
      }
    })
  }

  it('that is wrong is said in so many words', async () => {
    const wrong: Record<string, (calls: Calls) => unknown> = {
      'maxsize must be a whole number, not 1.5': (calls) => new Queue(calls, 'q', { maxsize: 1.5 }),
      'options are given as { maxsize }, not 10': (calls) => new Queue(calls, 'q', 10 as never),
      'the value of a semaphore must be a whole number of at least 0, not -1': (calls) =>
        new Semaphore(calls, 's', -1),
      'parties must be a whole number from 1 to 65536, not undefined': (calls) =>
        new Barrier(calls, 'b', {} as never),
      'action must be a function, not 5': (calls) =>
        new Barrier(calls, 'b', { parties: 1, action: 5 as never }),
      'options are given as { timeoutMs, signal }, not 5': async (calls) =>
        await new Queue(calls, 'q', {}).get(5 as never),
      "timeoutMs must be a number of milliseconds, not '5'": async (calls) =>
        await new Event(calls, 'e').wait({ timeoutMs: '5' as never }),
      'items must be a list, or else iterable, not an object': async (calls) =>
        await new Queue(calls, 'q', {}).putMany({} as never),
      'place must be a whole number, not NaN': async (calls) => await new List(calls, 'l').at(NaN)
    }
    for (const [message, attempt] of Object.entries(wrong)) {
      const calls = new WireCalls()
      const work = async (): Promise<unknown> => await attempt(calls)
      const error = await work().catch((problem: unknown) => problem)
      expect(error).to.include({ code: 'USAGE', message })
      expect(calls.sent).to.equal(0)
    }
  })

  it('options of a wait can say nothing else', async () => {
    const calls = new WireCalls()
    const options = { args: [{}], values: [new Uint8Array(1)], timeoutMs: Infinity }
    expect(await outcomeOf(() => new Event(calls, 'e').wait(options))).to.equal('LOST')
    expect(await outcomeOf(() => new Lock(calls, 'l').acquire({ lease: true } as never))).to.equal(
      'LOST'
    )
    expect(calls.sent).to.equal(2)
  })
})

function plain(_: string, value: unknown): unknown {
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value
}
