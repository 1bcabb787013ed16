/**
 * What each kind of object should do, in the simplest way.
 */
import type { Kind } from '../../src/core/manager/calls.ts'
import type { Model, ModelAsk, ModelWait } from './manager-model.ts'
import { ModelObject, text } from './manager-model-object.ts'
import { ModelQueue } from './manager-model-queue.ts'
import { ModelDict, ModelList, ModelValue } from './manager-model-stored.ts'

export function modelOf(
  model: Model,
  kind: Kind,
  { call }: ModelAsk,
  lock: ModelObject | undefined
): ModelObject | undefined {
  const option = typeof call.args[2] === 'number' ? call.args[2] : undefined
  if (kind === 'queue' || kind === 'joinableQueue') return new ModelQueue(model, kind, option ?? 0)
  if (kind === 'lock' || kind === 'rlock') return new ModelLock(model, kind)
  if (kind === 'semaphore' || kind === 'boundedSemaphore') {
    return new ModelSemaphore(model, kind, option ?? 1)
  }
  if (kind === 'event') return new ModelEvent(model, kind)
  if (kind === 'barrier') return new ModelBarrier(model, option ?? 1)
  if (kind === 'value') return new ModelValue(model, text(call.values[0]!))
  if (kind === 'dict') return new ModelDict(model, kind)
  if (kind === 'list') return new ModelList(model, kind)
  if (option === undefined) return new ModelCondition(model, undefined)
  const isFine = lock instanceof ModelLock && !lock.isDeleted
  return isFine ? new ModelCondition(model, lock) : undefined
}

class ModelLock extends ModelObject {
  holder: { client: string; owner: number; depth: number } | undefined
  fence = 0

  isHeldBy({ client, owner }: ModelAsk): boolean {
    return this.holder?.client === client && this.holder.owner === owner
  }

  handle(ask: ModelAsk): void {
    const { op, args, timeoutMs } = ask.call
    const { model } = this
    if (op === 'state') model.answer(ask, 'ok', [this.holder !== undefined, this.fence])
    else if (op === 'acquire' && this.kind === 'rlock' && this.isHeldBy(ask)) {
      this.holder!.depth++
      model.answer(ask, 'ok', [true, this.fence])
    } else if (op === 'acquire') {
      const wait = model.wait(ask, this, 'acquire')
      wait.count = 1
      this.settle()
      if (timeoutMs === 0 && model.waits.includes(wait)) this.expire(wait)
    } else {
      const [fence = null] = args
      const isWrong = fence !== null && fence !== this.fence
      const isOthers = this.kind === 'rlock' && !this.isHeldBy(ask)
      if (this.holder === undefined || isWrong || isOthers) model.answer(ask, 'notHeld')
      else {
        model.answer(ask, 'ok')
        if (--this.holder.depth === 0) this.free()
      }
    }
  }

  free(): number {
    const depth = this.holder?.depth ?? 0
    this.holder = undefined
    this.settle()
    return depth
  }

  /** Those who want it: also the waits of conditions that were woken. */
  get waits(): ModelWait[] {
    return this.model.waits.filter(({ object, what }) => {
      if (object instanceof ModelCondition) return object.lock === this && what === 'regain'
      return object === this
    })
  }

  override settle(): void {
    const [first] = this.waits
    if (first === undefined || this.holder !== undefined) return
    this.holder = { client: first.client, owner: first.owner, depth: first.count }
    this.model.end(first, first.outcome, [first.isTrue, ++this.fence])
  }

  override lose(client: string): void {
    if (this.holder?.client === client) this.free()
  }

  override clear(): void {
    this.holder = undefined
    for (const wait of this.waits) this.model.end(wait, 'deleted')
    for (const wait of [...this.model.waits]) {
      if (wait.object instanceof ModelCondition && wait.object.lock === this) {
        this.model.end(wait, 'deleted')
      }
    }
  }
}

class ModelCondition extends ModelObject {
  readonly lock: ModelLock
  readonly isOwn: boolean

  constructor(model: Model, lock: ModelLock | undefined) {
    super(model, 'condition')
    this.isOwn = lock === undefined
    this.lock = lock ?? new ModelLock(model, 'lock')
  }

  handle(ask: ModelAsk): void {
    const { op, args } = ask.call
    const { model } = this
    if (this.lock.isDeleted) model.answer(ask, 'deleted')
    else if (op !== 'wait' && op !== 'notify') this.lock.handle(ask)
    else if (!this.lock.isHeldBy(ask)) model.answer(ask, 'notHeld')
    else if (op === 'wait') {
      const wait = model.wait(ask, this, 'wait')
      wait.count = this.lock.holder!.depth
      this.lock.free()
    } else {
      const most = args[0] === null ? Infinity : Number(args[0])
      model
        .of(this, 'wait')
        .slice(0, most)
        .forEach((wait) => this.wake(wait))
      model.answer(ask, 'ok')
    }
  }

  wake(wait: ModelWait): void {
    this.model.drop(wait)
    wait.what = 'regain'
    wait.until = undefined
    this.model.waits.push(wait)
    this.lock.settle()
  }

  override expire(wait: ModelWait): void {
    wait.isTrue = false
    this.wake(wait)
  }

  override cancel(wait: ModelWait): void {
    if (wait.what !== 'wait') return
    wait.outcome = 'canceled'
    this.wake(wait)
  }

  override lose(client: string): void {
    this.lock.lose(client)
  }

  override clear(): void {
    for (const wait of this.model.of(this, 'wait')) this.model.end(wait, 'deleted')
    if (this.isOwn) this.lock.clear()
  }
}

class ModelSemaphore extends ModelObject {
  readonly bound: number
  value: number
  held: (readonly [client: string, number: number])[] = []
  last = 0

  constructor(model: Model, kind: Kind, value: number) {
    super(model, kind)
    this.value = value
    this.bound = kind === 'semaphore' ? Infinity : value
  }

  handle(ask: ModelAsk): void {
    const { op, timeoutMs } = ask.call
    const { model } = this
    if (op === 'state') model.answer(ask, 'ok', [this.value])
    else if (op === 'acquire') {
      const wait = model.wait(ask, this, 'acquire')
      this.settle()
      if (timeoutMs === 0 && model.waits.includes(wait)) this.expire(wait)
    } else {
      model.answer(ask, this.release(ask) ? 'ok' : 'notHeld')
      this.settle()
    }
  }

  release({ client, call }: ModelAsk): boolean {
    const [number = null, count = 1] = call.args
    const many = number === null ? Number(count) : 1
    if (this.value + many > this.bound) return false
    if (number !== null) {
      const found = this.held.find(([who, which]) => who === client && which === number)
      if (found === undefined) return false
      this.held = this.held.filter((each) => each !== found)
    } else {
      const own = this.held.filter(([who]) => who === client)
      const others = this.held.filter(([who]) => who !== client)
      const gone = [...own, ...others].slice(0, many)
      this.held = this.held.filter((each) => !gone.includes(each))
    }
    this.value += many
    return true
  }

  override settle(): void {
    for (const wait of this.model.of(this, 'acquire').slice(0, this.value)) {
      this.value--
      this.held.push([wait.client, ++this.last])
      this.model.end(wait, 'ok', [true, this.last])
    }
  }

  override lose(lost: string): void {
    const left = this.held.filter(([client]) => client !== lost)
    this.value += this.held.length - left.length
    this.held = left
    this.settle()
  }
}

class ModelEvent extends ModelObject {
  isSet = false

  handle(ask: ModelAsk): void {
    const { op, timeoutMs } = ask.call
    const { model } = this
    if (op === 'set' || op === 'clear') {
      this.isSet = op === 'set'
      model.answer(ask, 'ok')
    } else if (op === 'state' || timeoutMs === 0) model.answer(ask, 'ok', [this.isSet])
    else model.wait(ask, this, 'wait')
    if (this.isSet) for (const wait of model.of(this, 'wait')) model.end(wait, 'ok', [true])
  }
}

class ModelBarrier extends ModelObject {
  readonly parties: number
  isBroken = false
  actor: { client: string; action: number } | undefined
  actions = 0

  constructor(model: Model, parties: number) {
    super(model, 'barrier')
    this.parties = parties
  }

  get waits(): ModelWait[] {
    return this.model.of(this, 'arrive')
  }

  handle(ask: ModelAsk): void {
    const { op, args } = ask.call
    const { model } = this
    if (op === 'state') {
      const here = this.waits.filter(({ place }) => place !== undefined || !this.actor)
      model.answer(ask, 'ok', [this.parties, here.length, this.isBroken])
    } else if (op === 'abort' || op === 'reset') {
      this.break()
      if (op === 'reset') this.isBroken = false
      model.answer(ask, 'ok')
    } else if (op === 'arrive') {
      if (this.isBroken) model.answer(ask, 'broken')
      else model.wait(ask, this, 'arrive')
      this.settle()
    } else {
      const isActor = this.actor?.client === ask.client && this.actor.action === args[1]
      if (isActor && args[0] !== true) this.break()
      model.answer(ask, isActor && args[0] === true ? 'ok' : 'broken')
      if (isActor && args[0] === true) this.pass()
    }
  }

  override settle(): void {
    if (this.actor !== undefined || this.waits.length < this.parties) return
    const group = this.waits.slice(0, this.parties)
    group.forEach((wait, place) => (wait.place = place))
    const brought = group.filter(({ call }) => call.args[0] === true)
    const actor = brought.includes(group.at(-1)!) ? group.at(-1) : brought[0]
    if (actor === undefined) this.pass()
    else {
      this.actor = { client: actor.client, action: ++this.actions }
      this.model.end(actor, 'ok', [actor.place!, true, this.actions])
    }
  }

  pass(): void {
    this.actor = undefined
    for (const wait of this.waits.filter(({ place }) => place !== undefined)) {
      this.model.end(wait, 'ok', [wait.place!, false])
    }
    this.settle()
  }

  break(): void {
    this.isBroken = true
    this.actor = undefined
    for (const wait of this.waits) this.model.end(wait, 'broken')
  }

  override expire(): void {
    this.break()
  }

  override cancel(wait: ModelWait): void {
    super.cancel(wait)
    this.break()
  }

  override dropped(): void {
    this.break()
  }

  override lose(client: string): void {
    if (this.actor?.client === client) this.break()
  }
}
