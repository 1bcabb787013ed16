/**
 * What a members machine is told, and what it wants done.
 */
import type { NodeId } from '../types.ts'

/** `known`: heard of, never met. */
export type MemberStatus = 'known' | 'alive' | 'left' | 'failed'

export interface MemberInfo {
  readonly name: string
  readonly isMaster: boolean
  readonly isWorker: boolean
  readonly program: string
}

export interface Member {
  readonly peer: NodeId
  status: MemberStatus
  info: MemberInfo | undefined
  /** Addresses it was last seen with. */
  addresses: readonly string[]
  /** Why it was not admitted, or could not be reached, last time. */
  problem: string | undefined
}

export type MembersEvent =
  /** Discovery saw a node, with its present addresses. */
  | { type: 'sighted'; peer: NodeId; addresses: readonly string[] }
  /** Discovery heard a goodbye, which proves nothing. */
  | { type: 'gone'; peer: NodeId }
  /** A user named an address; `peer` when the address has it. */
  | { type: 'join'; address: string; peer: NodeId | undefined }
  /** The hello of a connection succeeded. */
  | { type: 'admitted'; peer: NodeId; info: MemberInfo; address: string | undefined }
  | { type: 'refused'; peer: NodeId; reason: string }
  | { type: 'goodbye'; peer: NodeId }
  /** The last connection to a peer ended. */
  | { type: 'disconnected'; peer: NodeId }
  /** A dial ended; `peer` when it connected. */
  | { type: 'dialed'; target: string; peer: NodeId | undefined; problem: string | undefined }
  | { type: 'wake' }

export type MembersEffect =
  /** Connect to a target: a peer id, or an address given by a user. Answer with `dialed`. */
  | { type: 'dial'; target: string; addresses: readonly string[] }
  | { type: 'changed'; member: Member }
