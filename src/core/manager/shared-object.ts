/**
 * What every object of a manager is to the machine.
 */
import type { Call, Kind } from './calls.ts'
import type { Client } from './client-view.ts'
import type { Wait } from './waits.ts'

/** A call that is to be carried out. */
export interface Ask {
  readonly client: Client
  readonly request: number
  /** What holds, at its client, what it acquires: the handle, or that of its condition's lock. */
  readonly owner: number
  readonly call: Call
  /** How much of it was done before its manager was started anew. */
  readonly done?: number
}

export interface SharedObject {
  readonly kind: Kind
  readonly name: string
  /** Of one that a durable manager keeps. */
  readonly row?: number
  isDeleted: boolean
  /** Answers the call, now or by a wait. */
  handle(ask: Ask): void
  /** A wait has taken too long. */
  expire(wait: Wait): void
  /** Its caller does not want to wait any longer. */
  cancel(wait: Wait): void
  /** Its client has left, and it has been taken out of its list already. */
  drop?(wait: Wait): void
  /** A client can be served again: it was cut off, or had too many answers to read. */
  welcome?(): void
  /** A client has left: what it holds is free. Its waits have been dropped. */
  lose?(client: Client): void
  /** It has been deleted: nobody waits any longer, and nothing is kept. */
  clear(): void
}
