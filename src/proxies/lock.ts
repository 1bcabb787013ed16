/**
 * Locks of one manager, and what holding one is.
 */
import type { Answer, Kind } from '../core/manager/calls.ts'
import type { UntimedOptions, WaitOptions } from './options.ts'
import { Shared } from './shared.ts'
import type { Calls } from './shared.ts'

/**
 * A lock that is held. Leaving `await using` releases it; so does the manager when this program is
 * not heard of for a lease.
 */
export class Held implements AsyncDisposable {
  /**
   * Higher each time the lock is taken: a resource that has seen a higher one refuses a lower one,
   * and so is safe from a holder that does not know yet that it has lost the lock.
   */
  fence: number
  /**
   * Aborted when it is lost, or may be: the manager has not heard of this program for a lease, or is
   * gone. Its reason says which; stop what must not be done by two.
   */
  readonly signal: AbortSignal
  readonly #release: (fence: number) => Promise<void>
  #isReleased = false

  constructor(fence: number, signal: AbortSignal, release: (fence: number) => Promise<void>) {
    this.fence = fence
    this.signal = signal
    this.#release = release
  }

  /** Throws NOT_HELD if it was lost, or released, before. */
  async release(): Promise<void> {
    this.#isReleased = true
    await this.#release(this.fence)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isReleased) await this.release()
  }
}

/** What has a lock inside: a lock, or a condition. */
export abstract class Lockable extends Shared {
  /** What this program took last. */
  #held: Held | undefined

  /** Takes the lock once it is free; undefined when it took too long. */
  acquire(options?: UntimedOptions): Promise<Held>
  acquire(options: WaitOptions): Promise<Held | undefined>
  async acquire(wait?: WaitOptions): Promise<Held | undefined> {
    const { args } = await this.ask('acquire', { wait })
    if (args[0] !== true) return undefined
    this.#held = new Held(Number(args[1]), this.tenure, async (fence) => {
      await this.ask('release', { args: [fence] })
    })
    return this.#held
  }

  /** Throws NOT_HELD if it is not held. */
  async release(): Promise<void> {
    await this.ask('release', { args: [null] })
  }

  /** Somebody holds it. */
  async locked(): Promise<boolean> {
    return (await this.ask('state')).args[0] === true
  }

  /** What is held now is still held, by a new fence, once `wait` has given it away and got it back. */
  protected async regain(wait: () => Promise<Answer>): Promise<Answer> {
    const held = this.#held
    const answer = await wait()
    const [, fence] = answer.args
    if (held !== undefined && typeof fence === 'number') {
      held.fence = fence
      this.#held = held
    }
    return answer
  }

  /** For conditions that use this lock. */
  protected get number(): number {
    return this.handle
  }
}

/**
 * `multiprocessing.Lock`: whoever asks first gets it first, on all machines. Any program can release
 * it, as in Python; `Held.release` does only what it says.
 *
 *     await using lock = await mutex.acquire()
 */
export class Lock extends Lockable {
  constructor(calls: Calls, name: string, kind: Extract<Kind, 'lock' | 'rlock'> = 'lock') {
    super(calls, kind, name)
  }

  /** Lets `work`, of a condition, give the lock away and get it back. For `Condition` only. */
  async whileWaiting(wait: () => Promise<Answer>): Promise<Answer> {
    return await this.regain(wait)
  }

  /** Its number at the manager. For `Condition` only. */
  get owner(): number {
    return this.number
  }
}

/**
 * `multiprocessing.RLock`: who holds it may take it again, and releases it as often. The holder is
 * this object: `manager.rlock()` gives a new one each time.
 */
export class RLock extends Lock {
  constructor(calls: Calls, name: string) {
    super(calls, name, 'rlock')
  }
}
