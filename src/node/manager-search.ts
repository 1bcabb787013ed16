/**
 * Finds the member that serves a manager, by its name.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { Member } from '../core/members/events.ts'
import type { Millis, NodeId } from '../core/types.ts'

export class ManagerSearch {
  readonly #members: () => readonly Readonly<Member>[]
  readonly #searches = new Set<() => void>()

  constructor(members: () => readonly Readonly<Member>[]) {
    this.#members = members
  }

  /** A member has come, or changed. */
  onChanged(): void {
    for (const look of this.#searches) look()
  }

  /** The connected member that serves it, as soon as there is one. Throws NOT_SERVED after a while. */
  async find(manager: string, withinMs: Millis, signal: AbortSignal): Promise<NodeId> {
    const found = Promise.withResolvers<NodeId>()
    const look = (): void => {
      const member = this.#serving(manager)
      if (member !== undefined) found.resolve(member.peer)
    }
    const onAbort = (): void => found.reject(signal.reason)
    const timer = setTimeout(() => found.reject(this.#notServed(manager, withinMs)), withinMs)
    this.#searches.add(look)
    signal.addEventListener('abort', onAbort)
    try {
      signal.throwIfAborted()
      look()
      return await found.promise
    } finally {
      clearTimeout(timer)
      this.#searches.delete(look)
      signal.removeEventListener('abort', onAbort)
    }
  }

  #serving(manager: string): Readonly<Member> | undefined {
    return this.#connected.find(({ info }) => info?.manager === manager)
  }

  get #connected(): Readonly<Member>[] {
    return this.#members().filter(({ status }) => status === 'alive')
  }

  #notServed(manager: string, withinMs: Millis): P2pJobsError {
    const connected = this.#connected
    const others = connected.flatMap(({ info }) =>
      info?.manager === undefined ? [] : info.manager
    )
    const seen =
      connected.length === 0
        ? 'no other member was found; is one running, with the same token? `join` names one'
        : `${connected.length} members are connected, which serve ` +
          (others.length === 0 ? 'no manager' : others.map((name) => `'${name}'`).join(', '))
    return new P2pJobsError(
      'NOT_SERVED',
      `nobody in the network serves a manager '${manager}' (looked for ${withinMs} ms): ${seen}; ` +
        `start it with Manager.start({ name: '${manager}' })`
    )
  }
}
