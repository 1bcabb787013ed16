/**
 * Semaphores of one manager.
 */
import { checkGiven, wholeNumber } from '../core/checks.ts'
import { Held } from './lock.ts'
import type { UntimedOptions, WaitOptions } from './options.ts'
import { Shared } from './shared.ts'
import type { Calls } from './shared.ts'

/** `multiprocessing.Semaphore`. What a program that is lost has acquired comes back. */
export class Semaphore extends Shared {
  constructor(
    calls: Calls,
    name: string,
    value: number,
    kind: 'semaphore' | 'boundedSemaphore' = 'semaphore'
  ) {
    checkGiven('the value of a semaphore', value, wholeNumber(0))
    super(calls, kind, name, value)
  }

  /** Takes one once there is one; undefined when it took too long. */
  acquire(options?: UntimedOptions): Promise<Held>
  acquire(options: WaitOptions): Promise<Held | undefined>
  async acquire(wait?: WaitOptions): Promise<Held | undefined> {
    const { args } = await this.ask('acquire', { wait })
    if (args[0] !== true) return undefined
    return new Held(Number(args[1]), this.tenure, async (number) => {
      await this.ask('release', { args: [number] })
    })
  }

  /** Gives back what this program took first, or adds to it. */
  async release(count = 1): Promise<void> {
    checkGiven('what is released', count, wholeNumber(1))
    await this.ask('release', { args: [null, count] })
  }

  /** How many could be taken now. */
  async getValue(): Promise<number> {
    return Number((await this.ask('state')).args[0])
  }
}

/** A semaphore whose value is never above what it began with: `release` throws NOT_HELD. */
export class BoundedSemaphore extends Semaphore {
  constructor(calls: Calls, name: string, value: number) {
    super(calls, name, value, 'boundedSemaphore')
  }
}
