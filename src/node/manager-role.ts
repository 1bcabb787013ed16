/**
 * Serves a manager's objects: the manager machine between its clients' sessions and the methods of
 * the objects that its user registered.
 */
import { randomUUID } from 'node:crypto'
import { unreachable } from '../core/assert.ts'
import { P2pJobsError } from '../core/errors.ts'
import type { ManagerEffect, ManagerEvent, ManagerNotice } from '../core/manager/events.ts'
import { Manager } from '../core/manager/manager.ts'
import type { ClientMessage, ManagerMessage } from '../core/manager/messages.ts'
import type { Millis, NodeId } from '../core/types.ts'
import { Driver } from './driver.ts'
import type { Link } from './link.ts'

/** What a method came to, encoded. */
export interface Invoked {
  readonly hasFailed: boolean
  readonly value: Uint8Array
}

export interface ManagerRoleInit {
  readonly name: string
  readonly leaseMs: Millis
  /** Calls a method of a registered object. Must not reject. */
  onInvoke(object: string, method: string, args: Uint8Array): Promise<Invoked>
  onNotice?(notice: ManagerNotice): void
}

export type ManagerLink = Link<ManagerMessage, ClientMessage>

export class ManagerRole {
  readonly #init: ManagerRoleInit
  readonly #machine: Manager
  readonly #driver: Driver<ManagerEvent, ManagerEffect>
  readonly #links = new Map<number, ManagerLink>()
  readonly #onFaults = new Map<number, (reason: string) => void>()
  #nextSession = 1
  #isClosed = false

  constructor(init: ManagerRoleInit) {
    this.#init = init
    const { name, leaseMs } = init
    this.#machine = new Manager({ name, epoch: randomUUID(), leaseMs })
    this.#driver = new Driver(this.#machine, (effects) => effects.forEach((e) => this.#perform(e)))
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
    const links = [...this.#links.values()]
    this.#driver.dispatch({ type: 'close' })
    // Who cannot be told finds out by itself.
    await Promise.allSettled(links.map((link) => link.flushed()))
    this.#driver.stop()
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
