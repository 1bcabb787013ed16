/**
 * Queues of one manager, as programs on all machines see them.
 */
import { checkGiven, wholeNumber } from '../core/checks.ts'
import { P2pJobsError } from '../core/errors.ts'
import type { Kind } from '../core/manager/calls.ts'
import { shown } from '../core/shown.ts'
import { Full } from './errors.ts'
import { checkIterable, checkOptions, waitOptionsOf } from './options.ts'
import type { WaitOptions } from './options.ts'
import { bytesOf, Shared, valueOf, valuesOf } from './shared.ts'
import type { Calls } from './shared.ts'

export interface QueueOptions {
  /** The most items in it, if it is made by this; 0 or less, or none: any number. */
  readonly maxsize?: number | undefined
}

export interface LeaseOptions extends WaitOptions {
  /** The item comes back to the queue unless it is acknowledged. */
  readonly lease: true
}

/**
 * `multiprocessing.Queue` on a manager: first in, first out, for items and for those who wait.
 *
 *     await queue.put('a')
 *     for await (const item of queue) console.log(item)
 */
export class Queue<Item = unknown> extends Shared implements AsyncIterable<Item> {
  constructor(calls: Calls, name: string, options: QueueOptions, kind: QueueKind = 'queue') {
    checkOptions('{ maxsize }', options)
    const { maxsize = 0 } = options
    checkGiven('maxsize', maxsize, wholeNumber())
    super(calls, kind, name, Math.max(0, maxsize))
  }

  /** Puts an item at the end, once there is room. Throws Full when it took too long. */
  async put(item: Item, wait?: WaitOptions): Promise<void> {
    await this.ask('put', { wait, values: [bytesOf(item, 'item')] })
  }

  async putNowait(item: Item): Promise<void> {
    await this.put(item, { timeoutMs: 0 })
  }

  /** Puts many in one step, as room becomes free. Throws Full, with `put` items in the queue. */
  async putMany(items: Iterable<Item>, wait?: WaitOptions): Promise<void> {
    checkIterable('items', items)
    const values = Array.from(items, (item, place) => bytesOf(item, `item[${place}]`))
    let put = 0
    for (const part of partsOf(values)) {
      const answer = await this.askFor('put', { wait, values: part })
      if (answer.status === 'full') throw new Full(this.name, put + Number(answer.args[0] ?? 0))
      this.checked(answer, 'put', wait)
      put += part.length
    }
  }

  /** Takes the first item, once there is one. Throws Empty when it took too long. */
  get(options: LeaseOptions): Promise<Leased<Item>>
  get(options?: WaitOptions): Promise<Item>
  async get(wait?: WaitOptions & { lease?: boolean }): Promise<Item | Leased<Item>> {
    return isOnLease(wait)
      ? await this.#lease(wait)
      : (valueOf(await this.ask('get', { wait })) as Item)
  }

  async getNowait(): Promise<Item> {
    return await this.get({ timeoutMs: 0 })
  }

  /** Takes what is there, one item at least and so many at most. */
  async getMany(most: number, wait?: WaitOptions): Promise<Item[]> {
    checkGiven('the number of items', most, wholeNumber(1))
    return valuesOf(await this.ask('get', { wait, args: [most] })) as Item[]
  }

  /** The same on lease. */
  async leaseMany(most: number, wait?: WaitOptions): Promise<Leased<Item>[]> {
    checkGiven('the number of items', most, wholeNumber(1))
    return await this.#leases(most, wait)
  }

  /** How many items are in it now. */
  async qsize(): Promise<number> {
    return Number((await this.ask('state')).args[0])
  }

  async empty(): Promise<boolean> {
    return (await this.qsize()) === 0
  }

  async full(): Promise<boolean> {
    const [size, maxsize] = (await this.ask('state')).args
    return Number(maxsize) > 0 && Number(size) >= Number(maxsize)
  }

  /** The most items in it; 0: any number. */
  async maxsize(): Promise<number> {
    return Number((await this.ask('state')).args[1])
  }

  /** Items as they come, until the queue is deleted. */
  [Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    return untilDeleted(() => this.get())
  }

  /** The same on lease; one that is not acknowledged when the next is asked for goes back. */
  async *leases(wait?: WaitOptions): AsyncGenerator<Leased<Item>, void, undefined> {
    for await (const leased of untilDeleted(() => this.#lease(wait))) {
      await using held = leased
      yield held
    }
  }

  async #lease(wait: WaitOptions | undefined): Promise<Leased<Item>> {
    return (await this.#leases(1, wait))[0] as Leased<Item>
  }

  async #leases(most: number, wait: WaitOptions | undefined): Promise<Leased<Item>[]> {
    const answer = await this.ask('get', { wait, args: [most, true] })
    const values = valuesOf(answer) as Item[]
    return values.map((value, place) => {
      const number = Number(answer.args[place])
      return new Leased(value, async (op) => {
        await this.ask(op, { args: [number] })
      })
    })
  }
}

type QueueKind = Extract<Kind, 'queue' | 'joinableQueue'>

/** A queue whose items are counted until each is done. */
export class JoinableQueue<Item = unknown> extends Queue<Item> {
  constructor(calls: Calls, name: string, options: QueueOptions) {
    super(calls, name, options, 'joinableQueue')
  }

  /** An item that was taken is done. `ack()` of one on lease says it, too. */
  async taskDone(): Promise<void> {
    await this.ask('taskDone')
  }

  /** Resolves once every item that was put is done. Throws TIMEOUT when it took too long. */
  async join(wait?: WaitOptions): Promise<void> {
    await this.ask('join', { wait })
  }
}

/** An item that is back in its queue if its taker is lost before it says `ack()`. */
export class Leased<Item = unknown> implements AsyncDisposable {
  readonly value: Item
  readonly #say: (op: 'ack' | 'giveBack') => Promise<void>
  #isOver = false

  constructor(value: Item, say: (op: 'ack' | 'giveBack') => Promise<void>) {
    this.value = value
    this.#say = say
  }

  /** It is dealt with. Throws NOT_HELD if it has gone back to the queue already. */
  async ack(): Promise<void> {
    this.#isOver = true
    await this.#say('ack')
  }

  /** Somebody else is to deal with it: it is the first in the queue. */
  async giveBack(): Promise<void> {
    this.#isOver = true
    await this.#say('giveBack')
  }

  /** Leaving `await using` without `ack()` gives it back. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.giveBack()
  }
}

/** Whether an item is to be taken on lease. Throws USAGE for what says nothing of taking one. */
function isOnLease(options: { lease?: unknown } | undefined): boolean {
  waitOptionsOf(options)
  const { lease = false } = options ?? {}
  if (typeof lease === 'boolean') return lease
  throw new P2pJobsError('USAGE', `lease must be true or false, not ${shown(lease)}`)
}

const PART_ITEMS = 4_096
const PART_BYTES = 1024 * 1024

/** In parts that fit well into messages. */
function* partsOf(values: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let part: Uint8Array[] = []
  let bytes = 0
  for (const value of values) {
    if (part.length === PART_ITEMS || (part.length > 0 && bytes + value.length > PART_BYTES)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(value)
    bytes += value.length
  }
  if (part.length > 0) yield part
}

async function* untilDeleted<Value>(
  next: () => Promise<Value>
): AsyncGenerator<Value, void, undefined> {
  try {
    while (true) yield await next()
  } catch (error) {
    if (!(error instanceof P2pJobsError && error.code === 'DELETED')) throw error
  }
}
