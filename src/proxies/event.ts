/**
 * Events of one manager.
 */
import type { WaitOptions } from './options.ts'
import { Shared } from './shared.ts'
import type { Calls } from './shared.ts'

/** `multiprocessing.Event`. */
export class Event extends Shared {
  constructor(calls: Calls, name: string) {
    super(calls, 'event', name)
  }

  async set(): Promise<void> {
    await this.ask('set')
  }

  async clear(): Promise<void> {
    await this.ask('clear')
  }

  async isSet(): Promise<boolean> {
    return (await this.ask('state')).args[0] === true
  }

  /** Resolves to true once it is set, to false when it took too long. */
  async wait(wait?: WaitOptions): Promise<boolean> {
    return (await this.ask('wait', { wait })).args[0] === true
  }
}
