/**
 * What a manager machine and a client machine are told, and what they want done.
 */
import type { NodeId } from '../types.ts'
import type { Answer } from './calls.ts'
import type { Change } from './ledger.ts'
import type { ClientMessage, ManagerMessage, RefusalReason } from './messages.ts'

export type ManagerEvent =
  /** A message of a client on a session. `open` comes first, and once. */
  | { type: 'message'; peer: NodeId; session: number; message: ClientMessage }
  | { type: 'disconnected'; session: number }
  /** A method has ended; `call` is the one of `invoke`. */
  | { type: 'invoked'; call: number; hasFailed: boolean; value: Uint8Array }
  /** Of a durable one: whether its disk takes more. */
  | { type: 'space'; isLow: boolean }
  /** The manager ends: everybody is told. */
  | { type: 'close' }
  | { type: 'wake' }

export type ManagerEffect =
  /** Of a durable one: to be on disk before anything else of this event is done. */
  | { type: 'journal'; changes: readonly Change[] }
  | { type: 'send'; session: number; message: ManagerMessage }
  /** End the session after what was sent. */
  | { type: 'close'; session: number }
  /** End the session now; `problem`: the client's fault, to be counted. */
  | { type: 'disconnect'; session: number; reason: string; isFault: boolean }
  /** Call a method of an object that the user registered. Answer with `invoked`. */
  | { type: 'invoke'; call: number; object: string; method: string; args: Uint8Array }
  | { type: 'emit'; notice: ManagerNotice }

/** What a user of a manager can follow. */
export type ManagerNotice =
  | { type: 'joined'; peer: NodeId; name: string }
  | { type: 'parted'; peer: NodeId; name: string; wasLost: boolean }

export type ClientEvent =
  /** Send the calls that were added since. */
  | { type: 'flush' }
  /** There is a new session with the manager. */
  | { type: 'connected'; session: number }
  | { type: 'message'; session: number; message: ManagerMessage }
  | { type: 'disconnected'; session: number }
  /** Give everything back, and end. */
  | { type: 'leave' }
  | { type: 'wake' }

export type ClientEffect =
  | { type: 'send'; session: number; message: ClientMessage }
  | { type: 'disconnect'; session: number; reason: string; isFault: boolean }
  | { type: 'answered'; answer: Answer }
  /**
   * These calls will never be answered, and whether they took effect is not known: the client was
   * silent for longer than its lease. It goes on as a new one that holds nothing.
   */
  | { type: 'lost'; requests: readonly number[] }
  /** The manager has not heard of this client for a lease, as far as it knows: what it holds may be lost. */
  | { type: 'expired' }
  /** The manager is there, for the first time or again. */
  | { type: 'opened' }
  /** The manager is gone for good: nothing will ever be answered. */
  | { type: 'gone'; reason: RefusalReason | 'unreachable' | 'left' }
