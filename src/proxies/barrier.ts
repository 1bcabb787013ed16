/**
 * Barriers of one manager.
 */
import { callback, checkGiven, wholeNumber } from '../core/checks.ts'
import { toError } from '../core/errors.ts'
import { CLIENTS_AT_BARRIER_MAX } from '../core/limits.ts'
import type { Arg } from '../core/manager/calls.ts'
import { checkOptions, checkTimeout, waitOptionsOf } from './options.ts'
import type { WaitOptions } from './options.ts'
import { Shared } from './shared.ts'
import type { Calls } from './shared.ts'

export interface BarrierOptions {
  /** How many have to come. */
  readonly parties: number
  /**
   * Called when all are there, by one of those who brought it, in its own program, before anybody
   * goes on. If it throws, the barrier is broken.
   */
  readonly action?: (() => unknown) | undefined
  /** The longest that `wait` waits, unless it is told otherwise. */
  readonly timeoutMs?: number | undefined
}

/** `multiprocessing.Barrier`. Whoever gives up, or is lost while it waits, breaks it for all. */
export class Barrier extends Shared {
  readonly #options: BarrierOptions

  constructor(calls: Calls, name: string, options: BarrierOptions) {
    checkOptions('{ parties, action, timeoutMs }', options)
    const { parties, timeoutMs, action } = options
    checkGiven('parties', parties, wholeNumber(1, CLIENTS_AT_BARRIER_MAX))
    checkTimeout(timeoutMs)
    if (action !== undefined) checkGiven('action', action, callback)
    super(calls, 'barrier', name, parties, [], [parties, timeoutMs])
    this.#options = options
  }

  /** Resolves once all are there, to a number of its own from 0 on. Throws BrokenBarrierError. */
  async wait(options: WaitOptions = {}): Promise<number> {
    const { action } = this.#options
    waitOptionsOf(options)
    const { timeoutMs = this.#options.timeoutMs, signal } = options
    const wait = { timeoutMs, signal }
    const answer = await this.ask('arrive', { wait, args: [action !== undefined] })
    const [, isToAct, number = null] = answer.args
    if (isToAct === true && action !== undefined) await this.#act(action, number)
    return Number(answer.args[0])
  }

  async #act(action: () => unknown, number: Arg): Promise<void> {
    let problem: Error | undefined
    try {
      await action()
    } catch (error) {
      problem = toError(error)
    }
    const answer = await this.askFor('acted', { args: [problem === undefined, number] })
    if (problem !== undefined) throw problem
    this.checked(answer, 'acted')
  }

  /** Breaks it. */
  async abort(): Promise<void> {
    await this.ask('abort')
  }

  /** Makes it as new; who waits gets a BrokenBarrierError. */
  async reset(): Promise<void> {
    await this.ask('reset')
  }

  async broken(): Promise<boolean> {
    return (await this.ask('state')).args[2] === true
  }

  async parties(): Promise<number> {
    return Number((await this.ask('state')).args[0])
  }

  /** How many wait at it now. */
  async nWaiting(): Promise<number> {
    return Number((await this.ask('state')).args[1])
  }
}
