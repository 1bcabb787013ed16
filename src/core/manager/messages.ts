/**
 * What a client and a manager say to each other in one session, as data.
 *
 * Calls and answers are two sequences that outlive sessions. Each side keeps what the other has not
 * confirmed; a new session begins with how far each has got, and what is behind that is sent again.
 * So a call takes effect once, and its answer arrives once, however often the connection is lost
 * within the client's lease.
 */
import type { Answer, Call } from './calls.ts'
import type { Millis } from '../types.ts'

export type ClientMessage =
  /** Opens a session. `client` names this client for as long as it lives. */
  | {
      readonly type: 'open'
      readonly client: string
      /** What people call it. */
      readonly name: string
      /** The manager that it wants; of that `epoch` if it had a session before. */
      readonly manager: string
      readonly epoch: string | undefined
      /** The answers it has got. */
      readonly answers: number
    }
  /** Calls number `first`, `first + 1`, ... of this client. */
  | {
      readonly type: 'calls'
      readonly first: number
      readonly answers: number
      readonly calls: readonly Call[]
    }
  /** I am here, and have got so many answers. */
  | { readonly type: 'renewal'; readonly answers: number }
  /** I leave: what I hold is free. */
  | { readonly type: 'bye' }

/** Why a client is not served. */
export const REFUSALS = [
  'notServed', // no manager of this name is here
  'restarted', // the manager is there, but what it had in the epoch asked for is gone
  'lost', // the client was silent for longer than its lease and has been given up
  'full', // there are too many clients
  'closed' // the manager ends
] as const
export type RefusalReason = (typeof REFUSALS)[number]

export type ManagerMessage =
  /** Answers `open`: I have got so many of your calls; be heard of within `leaseMs`. */
  | {
      readonly type: 'opened'
      readonly epoch: string
      readonly leaseMs: Millis
      readonly calls: number
    }
  /** Ends a session, or answers `open`. */
  | { readonly type: 'refused'; readonly reason: RefusalReason }
  /** Answers number `first`, `first + 1`, ... to this client, in the order in which they came about. */
  | { readonly type: 'answers'; readonly first: number; readonly answers: readonly Answer[] }
  /** Answers `renewal`: I have got so many of your calls. */
  | { readonly type: 'renewed'; readonly calls: number }
