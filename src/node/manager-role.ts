/**
 * Serves a manager's objects: the manager machine between its clients' sessions and the methods of
 * the objects that its user registered.
 */
import { randomUUID } from 'node:crypto'
import { unreachable } from '../core/assert.ts'
import { P2pJobsError, operatingErrorOf, toError } from '../core/errors.ts'
import type { ManagerEffect, ManagerEvent, ManagerNotice } from '../core/manager/events.ts'
import { Manager } from '../core/manager/manager.ts'
import type { ClientMessage, ManagerMessage } from '../core/manager/messages.ts'
import type { Change } from '../core/manager/ledger.ts'
import type { Millis, NodeId } from '../core/types.ts'
import type { ManagerJournal } from '../journal/manager-journal.ts'
import { damaged } from '../journal/damage.ts'
import { openManagerJournal } from '../journal/manager-journal.ts'
import { monotonicNow } from './clock.ts'
import { Driver } from './driver.ts'
import type { Link } from './link.ts'
import { Outbox } from './outbox.ts'

/** What a method came to, encoded. */
export interface Invoked {
  readonly hasFailed: boolean
  readonly value: Uint8Array
}

export interface ManagerRoleInit {
  readonly name: string
  readonly leaseMs: Millis
  /** The file in which its queues are kept; undefined: all is in memory. */
  readonly journal?: string | undefined
  /** Calls a method of a registered object. Must not reject. */
  onInvoke(object: string, method: string, args: Uint8Array): Promise<Invoked>
  onNotice?(notice: ManagerNotice): void
  /** Told what a person should know. */
  onProblem?(text: string): void
}

/** How often a durable manager looks whether its disk takes more. */
const LOOK_AT_SPACE_MS = 1_000

export type ManagerLink = Link<ManagerMessage, ClientMessage>

export class ManagerRole {
  readonly #init: ManagerRoleInit
  readonly #machine: Manager
  readonly #driver: Driver<ManagerEvent, ManagerEffect>
  /** Of a durable manager. */
  readonly #journal: ManagerJournal | undefined
  readonly #outbox: Outbox<ManagerEffect, Change> | undefined
  #looking: NodeJS.Timeout | undefined
  #isSpaceLow = false
  readonly #links = new Map<number, ManagerLink>()
  readonly #onFaults = new Map<number, (reason: string) => void>()
  #nextSession = 1
  #isClosed = false

  /**
   * Starts a manager; a durable one is what it was when it ended. Throws JOURNAL_FAILED,
   * JOURNAL_FULL, JOURNAL_NEWER.
   */
  static async start(init: ManagerRoleInit): Promise<ManagerRole> {
    if (init.journal === undefined) return new ManagerRole(init, undefined)
    const journal = await openManagerJournal(init.journal)
    try {
      const role = new ManagerRole(init, journal)
      await role.#restore(init.journal, journal)
      return role
    } catch (error) {
      await journal.close()
      throw error
    }
  }

  private constructor(init: ManagerRoleInit, journal: ManagerJournal | undefined) {
    this.#init = init
    this.#journal = journal
    const { name, leaseMs } = init
    const epoch = journal?.epoch ?? randomUUID()
    this.#machine = new Manager({ name, epoch, leaseMs, isDurable: journal !== undefined })
    this.#outbox = journal && this.#outboxTo(journal)
    this.#driver = new Driver(this.#machine, (effects) => {
      if (this.#outbox === undefined) this.#performAll(effects)
      else this.#outbox.add(effects)
    })
  }

  async #restore(path: string, journal: ManagerJournal): Promise<void> {
    const restoring = this.#machine.restoring(monotonicNow())
    const lastRow = await journal.lastRow()
    try {
      for await (const rows of journal.load()) restoring.add(rows)
      restoring.finish(lastRow)
    } catch (error) {
      throw operatingErrorOf(error) ?? damaged(path, 'read', toError(error).message, error)
    }
    const look = (): void => {
      const isLow = journal.refusal() !== undefined
      if (isLow !== this.#isSpaceLow) this.#driver.dispatch({ type: 'space', isLow })
      this.#isSpaceLow = isLow
    }
    this.#looking = setInterval(look, LOOK_AT_SPACE_MS)
    this.#looking.unref()
    look()
    this.#driver.dispatch({ type: 'wake' })
  }

  #outboxTo(journal: ManagerJournal): Outbox<ManagerEffect, Change> {
    return new Outbox<ManagerEffect, Change>({
      commit: async (changes) => await journal.commit(changes),
      recordsOf: ({ changes }) => changes,
      perform: (effects) => this.#performAll(effects),
      onStuck: ({ message }) => {
        this.#init.onProblem?.(`${message}; clients wait until it can be written again`)
        for (const link of this.#links.values()) link.abort('the journal cannot be written')
      },
      onRecovered: () => this.#init.onProblem?.('the journal can be written again')
    })
  }

  get name(): string {
    return this.#init.name
  }

  /** Clients may attach to an object of this name, whose methods `onInvoke` calls. */
  register(object: string): void {
    this.#machine.register(object)
  }

  /** Serves a client over a session that it opened; `onFault` is told why it ends by its fault. */
  accept(peer: NodeId, link: ManagerLink, onFault?: (reason: string) => void): void {
    if (this.#isClosed) {
      link.abort('the manager ends')
      return
    }
    if (this.#outbox?.isStuck === true) {
      link.abort('the journal cannot be written')
      return
    }
    const session = this.#nextSession++
    this.#links.set(session, link)
    if (onFault !== undefined) this.#onFaults.set(session, onFault)
    link.listen(
      (message) => this.#driver.dispatch({ type: 'message', peer, session, message }),
      () => {
        this.#links.delete(session)
        this.#onFaults.delete(session)
        this.#driver.dispatch({ type: 'disconnected', session })
      }
    )
  }

  /** Tells all clients that nothing will ever be answered again; resolves when it has been said. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#looking)
    const links = [...this.#links.values()]
    this.#driver.dispatch({ type: 'close' })
    if (this.#outbox?.isStuck === false) await this.#outbox.flushed()
    // Who cannot be told finds out by itself.
    await Promise.allSettled(links.map((link) => link.flushed()))
    this.#driver.stop()
    this.#outbox?.stop()
    await this.#journal?.close()
  }

  #performAll(effects: readonly ManagerEffect[]): void {
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: ManagerEffect): void {
    switch (effect.type) {
      case 'send':
        this.#links.get(effect.session)?.send(effect.message)
        return
      case 'close':
        this.#links.get(effect.session)?.close()
        return
      case 'disconnect':
        if (effect.isFault) this.#onFaults.get(effect.session)?.(effect.reason)
        this.#links.get(effect.session)?.abort(effect.reason)
        return
      case 'invoke':
        void this.#invoke(effect)
        return
      case 'emit':
        this.#init.onNotice?.(effect.notice)
        return
      case 'journal':
        // The outbox has written it; a manager in memory makes none.
        return
      default:
        unreachable(effect)
    }
  }

  async #invoke(effect: Extract<ManagerEffect, { type: 'invoke' }>): Promise<void> {
    const { call, object, method, args } = effect
    const invoked = await this.#init.onInvoke(object, method, args)
    this.#driver.dispatch({ type: 'invoked', call, ...invoked })
  }
}

/** What a node that serves no manager says to who opens a session. */
export function notAManager(): P2pJobsError {
  return new P2pJobsError('REFUSED', 'it opened a session with a node that serves no manager')
}
