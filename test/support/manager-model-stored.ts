/**
 * What values, dicts and lists should do, in the simplest way.
 */
import type { Model, ModelAsk } from './manager-model.ts'
import { ModelObject, textsOf } from './manager-model-object.ts'

export class ModelValue extends ModelObject {
  value: string
  version = 1

  constructor(model: Model, value: string) {
    super(model, 'value')
    this.value = value
  }

  handle(ask: ModelAsk): void {
    const [expected = null] = ask.call.args
    const isSet = ask.call.op === 'set'
    const hasChanged = expected !== null && expected !== this.version
    if (isSet && !hasChanged) {
      this.value = textsOf(ask)[0]!
      this.model.answer(ask, 'ok', [++this.version])
    } else this.model.answer(ask, isSet ? 'conflict' : 'ok', [this.version], [this.value])
  }
}

export class ModelDict extends ModelObject {
  readonly entries = new Map<string, string>()

  handle(ask: ModelAsk): void {
    const { op, args } = ask.call
    const { model, entries } = this
    const key = op === 'remove' && args[0] === null ? [...entries.keys()].at(-1) : args[0]
    const value = entries.get(key as string)
    if (op === 'state') model.answer(ask, 'ok', [entries.size])
    else if (op === 'entries') model.answer(ask, 'ok', [...entries.keys()], [...entries.values()])
    else if (op === 'has') model.answer(ask, 'ok', [value !== undefined])
    else if (op === 'clear') {
      entries.clear()
      model.answer(ask, 'ok')
    } else if (op === 'set') {
      const [onlyIfAbsent, ...keys] = args as string[]
      const there = entries.get(keys[0]!)
      if (String(onlyIfAbsent) === 'true' && there !== undefined) {
        model.answer(ask, 'ok', [false], [there])
        return
      }
      textsOf(ask).forEach((each, place) => entries.set(keys[place]!, each))
      model.answer(ask, 'ok', [true])
    } else if (value === undefined) model.answer(ask, 'notFound')
    else {
      if (op === 'remove') entries.delete(key as string)
      model.answer(ask, 'ok', op === 'remove' ? [key as string] : [], [value])
    }
  }
}

export class ModelList extends ModelObject {
  readonly items: string[] = []

  handle(ask: ModelAsk): void {
    const { op, args } = ask.call
    const { model, items } = this
    if (op === 'state') model.answer(ask, 'ok', [items.length])
    else if (op === 'slice') {
      const part = items.slice(Number(args[0]), args[1] === null ? undefined : Number(args[1]))
      model.answer(ask, 'ok', [items.length], part)
    } else if (op === 'splice') {
      const start = args[0] === null ? items.length : Number(args[0])
      const gone = items.splice(start, Number(args[1]), ...textsOf(ask))
      model.answer(ask, 'ok', [items.length], gone)
    } else if (op === 'find') {
      model.answer(ask, 'ok', [items.indexOf(textsOf(ask)[0]!, Number(args[0]))])
    } else if (op === 'set') {
      const at = Number(args[0]) < 0 ? items.length + Number(args[0]) : Number(args[0])
      const isThere = items[at] !== undefined
      if (isThere) items[at] = textsOf(ask)[0]!
      model.answer(ask, isThere ? 'ok' : 'notFound')
    } else {
      if (op === 'reverse') items.reverse()
      else items.length = 0
      model.answer(ask, 'ok')
    }
  }
}
