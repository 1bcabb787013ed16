/**
 * Looks at the children now and then: who has been at a task for long, and who has had none.
 */
import type { Child } from './child.ts'
import type { Dispatcher } from './dispatcher.ts'

/** A task that has run for this long has begun for whoever wants to know, and others go round it. */
const LOOK_MS = 10

interface LookoutEvents {
  /** Runs that had to wait have begun. */
  onStarted(runs: readonly number[]): void
  /** The child has had nothing to do for too long. */
  retire(child: Child): void
}

export class Lookout {
  readonly #dispatcher: Dispatcher
  readonly #idleMs: number
  readonly #events: LookoutEvents
  #lookTimer: NodeJS.Timeout | undefined
  #lookImmediate: NodeJS.Immediate | undefined
  #idleTimer: NodeJS.Timeout | undefined

  constructor(dispatcher: Dispatcher, idleMs: number, events: LookoutEvents) {
    this.#dispatcher = dispatcher
    this.#idleMs = idleMs
    this.#events = events
  }

  /** A child was given a task: looks until there is nothing that could be told or taken back. */
  lookLater(): void {
    this.#lookTimer ??= setTimeout(() => {
      // What has come meanwhile is read before it is judged what has not. Not unref'd: the loop would
      // sleep until something else happens.
      this.#lookImmediate = setImmediate(() => this.#look())
    }, LOOK_MS).unref()
  }

  /** Children have nothing to do: looks whether that stays so. */
  retireIdleLater(): void {
    this.#idleTimer ??= setTimeout(() => this.#retireIdle(), this.#idleMs).unref()
  }

  close(): void {
    clearTimeout(this.#lookTimer)
    clearImmediate(this.#lookImmediate)
    clearTimeout(this.#idleTimer)
  }

  #look(): void {
    this.#lookTimer = undefined
    const silentSince = performance.now() - LOOK_MS
    const begun: number[] = []
    for (const child of [...this.#dispatcher.children()]) {
      if (child.size === 0 || child.heardAt > silentSince) continue
      const run = child.current()
      if (run?.hasWaited === true && !run.isToldBegun) {
        run.isToldBegun = true
        begun.push(run.start.run)
      }
      // What waits behind a long task goes where it can begin sooner.
      if (child.size > 1) this.#dispatcher.putBack(child.revoke())
    }
    this.#dispatcher.dispatch()
    if ([...this.#dispatcher.children()].some(isOfInterest)) this.lookLater()
    if (begun.length > 0) this.#events.onStarted(begun)
  }

  #retireIdle(): void {
    this.#idleTimer = undefined
    const idleSince = performance.now() - this.#idleMs
    let isAnyLeft = false
    for (const child of [...this.#dispatcher.children()]) {
      const isIdle = child.state === 'ready' && child.size === 0
      if (isIdle && child.idleSince <= idleSince) this.#events.retire(child)
      else isAnyLeft = true
    }
    if (isAnyLeft) this.retireIdleLater()
  }
}

/** Something waits behind its task, or whoever wants to know has not been told that it has begun. */
function isOfInterest(child: Child): boolean {
  if (child.size !== 1) return child.size > 1
  const run = child.current()
  return run === undefined || (run.hasWaited && !run.isToldBegun)
}
