/**
 * Conditions of one manager.
 */
import { callback, checkGiven, wholeNumber } from '../core/checks.ts'
import { Lockable } from './lock.ts'
import type { Lock } from './lock.ts'
import { waitOptionsOf } from './options.ts'
import type { WaitOptions } from './options.ts'
import type { Calls } from './shared.ts'

export interface ConditionOptions {
  /** The lock it uses, of the same manager; one of its own by default. */
  readonly lock?: Lock | undefined
}

/**
 * `multiprocessing.Condition`. Its own lock is a Lock; give it an RLock where one is needed.
 *
 *     await using held = await condition.acquire()
 *     await condition.waitFor(async () => !(await queue.empty()))
 */
export class Condition extends Lockable {
  readonly #lock: Lock | undefined

  constructor(calls: Calls, name: string, { lock }: ConditionOptions) {
    super(calls, 'condition', name, lock?.owner, [], lock)
    this.#lock = lock
  }

  /**
   * Releases the lock, waits until it is notified, and takes the lock again. False when that took
   * too long: the lock is held then, too, and also when a signal ended the wait.
   */
  async wait(wait?: WaitOptions): Promise<boolean> {
    const ask = async () => await this.askFor('wait', { wait })
    const answer = await (this.#lock?.whileWaiting(ask) ?? this.regain(ask))
    return this.checked(answer, 'wait', wait).args[0] === true
  }

  /** Waits until `predicate` says yes, looking each time it is notified; returns what it said last. */
  async waitFor<Result>(predicate: () => Result, options?: WaitOptions): Promise<Awaited<Result>> {
    checkGiven('predicate', predicate, callback)
    const { timeoutMs, signal } = waitOptionsOf(options)
    const until = performance.now() + (timeoutMs ?? Infinity)
    while (true) {
      const result = await predicate()
      const left = until - performance.now()
      if (result || left <= 0) return result
      await this.wait({ signal, timeoutMs: timeoutMs === undefined ? undefined : left })
    }
  }

  /** Wakes so many of those who wait, who have waited longest. Throws NOT_HELD without the lock. */
  async notify(count = 1): Promise<void> {
    checkGiven('the number to be notified', count, wholeNumber(0))
    await this.ask('notify', { args: [count] })
  }

  async notifyAll(): Promise<void> {
    await this.ask('notify', { args: [null] })
  }
}
