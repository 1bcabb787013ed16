/**
 * Values of one manager.
 */
import { callback, checkGiven } from '../core/checks.ts'
import type { Answer } from '../core/manager/calls.ts'
import { bytesOf, Shared, valueOf } from './shared.ts'
import type { Calls } from './shared.ts'

/** `multiprocessing.Value`, of whatever can be sent. */
export class Value<Type = unknown> extends Shared {
  constructor(calls: Calls, name: string, initial: Type) {
    const bytes = bytesOf(initial, 'value')
    super(calls, 'value', name, undefined, [bytes], bytes)
  }

  async get(): Promise<Type> {
    return valueOf(await this.ask('get')) as Type
  }

  async set(value: Type): Promise<void> {
    await this.ask('set', { args: [null], values: [bytesOf(value, 'value')] })
  }

  /**
   * Replaces the value by what `change` makes of it, in one step: if another program was quicker,
   * `change` is called again with the newer value. Returns the new one.
   *
   *     await counter.update((count) => count + 1)
   */
  async update(change: (value: Type) => Type | Promise<Type>): Promise<Type> {
    checkGiven('change', change, callback)
    let answer: Answer = await this.ask('get')
    while (true) {
      const next = await change(valueOf(answer) as Type)
      const [version = null] = answer.args
      answer = await this.askFor('set', { args: [version], values: [bytesOf(next, 'value')] })
      if (answer.status !== 'conflict') {
        this.checked(answer, 'set')
        return next
      }
    }
  }
}
