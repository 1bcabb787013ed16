/**
 * What queues should do, in the simplest way.
 */
import type { Kind } from '../../src/core/manager/calls.ts'
import type { Model, ModelAsk, ModelWait } from './manager-model.ts'
import { ModelObject, text } from './manager-model-object.ts'

type Item = readonly [number: number, value: string]

export class ModelQueue extends ModelObject {
  readonly maxsize: number
  items: Item[] = []
  returned: Item[] = []
  leased: (readonly [client: string, item: Item])[] = []
  last = 0
  unfinished = 0

  constructor(model: Model, kind: Kind, maxsize: number) {
    super(model, kind)
    this.maxsize = maxsize
  }

  get size(): number {
    return this.items.length + this.returned.length
  }

  handle(ask: ModelAsk): void {
    const { op, args, timeoutMs } = ask.call
    const { model } = this
    if (op === 'state') model.answer(ask, 'ok', [this.size, this.maxsize, this.unfinished])
    else if (op === 'put' || op === 'get' || op === 'join') {
      const wait = model.wait(ask, this, op)
      if (op === 'put') this.putAtOnce(wait)
      this.settle()
      if (timeoutMs === 0 && model.waits.includes(wait)) this.expire(wait)
    } else if (op === 'taskDone') model.answer(ask, this.finish(1) ? 'ok' : 'notHeld')
    else {
      const mine = this.leased.filter(([client, [n]]) => client === ask.client && args.includes(n))
      if (mine.length !== args.length) {
        model.answer(ask, 'notHeld')
        return
      }
      this.leased = this.leased.filter((each) => !mine.includes(each))
      if (op === 'ack') this.finish(mine.length)
      else this.bringBack(mine.map(([, item]) => item))
      model.answer(ask, 'ok')
      this.settle()
    }
  }

  finish(count: number): boolean {
    if (this.kind !== 'joinableQueue' || this.unfinished < count) return false
    this.unfinished -= count
    this.settle()
    return true
  }

  bringBack(items: Item[]): void {
    this.returned = [...this.returned, ...items].sort(([a], [b]) => a - b)
  }

  /** Who is cut off keeps its place, and gets nothing meanwhile. */
  get getters(): ModelWait[] {
    return this.model.of(this, 'get').filter(({ client }) => this.model.isThere(client))
  }

  get hasRoom(): boolean {
    return this.maxsize === 0 || this.size < this.maxsize
  }

  /** Where there is room, all of it is in before anybody who waits for items gets some. */
  putAtOnce(putter: ModelWait): void {
    const isPutting = (): boolean => this.model.waits.includes(putter) && this.hasRoom
    while (isPutting()) {
      while (isPutting()) this.putOne(putter)
      for (const getter of this.getters) if (this.size > 0) this.give(getter)
    }
  }

  putOne(putter: ModelWait): void {
    this.items.push([++this.last, text(putter.call.values[putter.count++]!)])
    this.unfinished++
    if (putter.count === putter.call.values.length) this.model.end(putter, 'ok', [putter.count])
  }

  override settle(): void {
    const { model } = this
    while (true) {
      const [getter] = this.getters
      const [putter] = model.of(this, 'put')
      if (getter !== undefined && this.size > 0) this.give(getter)
      else if (putter !== undefined && this.hasRoom) this.putOne(putter)
      else break
    }
    if (this.unfinished === 0) for (const wait of model.of(this, 'join')) model.end(wait, 'ok')
  }

  give(getter: ModelWait): void {
    const [most, isLease] = getter.call.args
    const all = [...this.returned, ...this.items].slice(0, Number(most ?? 1))
    this.returned = this.returned.filter((item) => !all.includes(item))
    this.items = this.items.filter((item) => !all.includes(item))
    if (isLease === true) for (const item of all) this.leased.push([getter.client, item])
    const numbers = isLease === true ? all.map(([number]) => number) : []
    const values = all.map(([, value]) => value)
    this.model.end(getter, 'ok', numbers, values)
  }

  override expire(wait: ModelWait): void {
    if (wait.what === 'put') this.model.end(wait, 'full', [wait.count])
    else this.model.end(wait, wait.what === 'get' ? 'empty' : 'canceled')
  }

  override cancel(wait: ModelWait): void {
    this.model.end(wait, 'canceled', wait.what === 'put' ? [wait.count] : [])
  }

  override lose(lost: string): void {
    this.bringBack(this.leased.filter(([client]) => client === lost).map(([, item]) => item))
    this.leased = this.leased.filter(([client]) => client !== lost)
    this.settle()
  }

  override clear(): void {
    for (const wait of this.model.of(this, 'put')) this.model.end(wait, 'deleted', [wait.count])
    super.clear()
  }
}
