/**
 * What a members machine is told, and what it wants done.
 */
import type { NodeId } from '../types.ts'

/** `known`: seen by discovery or named by a user, never met. */
export type MemberStatus = 'known' | 'alive' | 'left' | 'failed'

export interface MemberInfo {
  readonly name: string
  readonly isMaster: boolean
  readonly isWorker: boolean
  readonly program: string
  /** The manager of shared objects that it serves. */
  readonly manager?: string | undefined
}

export interface Member {
  readonly peer: NodeId
  status: MemberStatus
  info: MemberInfo | undefined
  /** Where it may be reached, the best first. */
  addresses: readonly string[]
  /** Why it was not admitted, or could not be reached, last time. */
  problem: string | undefined
}

/** Where the other end of a connection is. */
export interface Place {
  /** As the connection has it: where it was dialed, or where it dialed from. */
  readonly address: string
  readonly isDialed: boolean
  /** It is on this very machine. */
  readonly isHere: boolean
}

/** A member, and where others reach it, as one member tells another. */
export interface PeerAddresses {
  readonly peer: NodeId
  readonly addresses: readonly string[]
}

/** What one member asks and tells another. */
export interface PeersQuestion {
  /** The members that the asker is connected to: it asks for all others. Undefined: it only tells. */
  readonly have: readonly NodeId[] | undefined
  /** Members that the asked one is believed not to know. */
  readonly told: readonly PeerAddresses[]
}

export type MembersEvent =
  /** Discovery saw a node, with its present addresses. */
  | { type: 'sighted'; peer: NodeId; addresses: readonly string[] }
  /** Discovery heard a goodbye, which proves nothing. */
  | { type: 'gone'; peer: NodeId }
  /** A user named an address; `peer` when the address has it. */
  | { type: 'join'; address: string; peer: NodeId | undefined }
  /** The hello of a connection succeeded; `listening` is where the peer says it listens. */
  | {
      type: 'admitted'
      peer: NodeId
      info: MemberInfo
      place: Place
      listening: readonly string[]
    }
  | { type: 'refused'; peer: NodeId; reason: string }
  | { type: 'goodbye'; peer: NodeId }
  /** The last connection to a peer ended. */
  | { type: 'disconnected'; peer: NodeId }
  /** A dial ended; `peer` when it connected. */
  | { type: 'dialed'; target: string; peer: NodeId | undefined; problem: string | undefined }
  /** A member asks for others, or tells of them; `ask` names its question. */
  | { type: 'asked'; ask: number; peer: NodeId; question: PeersQuestion }
  /** What a member answered to an `ask`. */
  | { type: 'answered'; peer: NodeId; told: readonly PeerAddresses[] }
  | { type: 'wake' }

export type MembersEffect =
  /** Connect to a target: a peer id, or an address given by a user. Answer with `dialed`. */
  | { type: 'dial'; target: string; addresses: readonly string[] }
  | { type: 'changed'; member: Member }
  /** Send a member a question. Answer with `answered`, if there is an answer. */
  | { type: 'ask'; peer: NodeId; question: PeersQuestion }
  /** Answer a question. */
  | { type: 'answer'; ask: number; told: readonly PeerAddresses[] }
