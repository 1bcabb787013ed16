/**
 * The nouns of the system: ids, instants, and the bytes that travel.
 *
 * Ids are branded so that a job id cannot be passed where a node id is meant. They cost nothing
 * at run time.
 */

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** The libp2p peer id of a node, as text. */
export type NodeId = Branded<string, 'NodeId'>
/** A job of one master: 1, 2, 3, ... in the order of submission. */
export type JobId = Branded<number, 'JobId'>
/** The SHA-256 of a blob's bytes, 64 lower-case hexadecimal digits. */
export type BlobId = Branded<string, 'BlobId'>
/** A span or an instant on a monotonic clock, in whole milliseconds. */
export type Millis = number

/** Immutable bytes kept beside the message that names them. */
export interface BlobRef {
  readonly blob: BlobId
  readonly bytes: number
}

/** Opaque to every node: small ones travel inside a message, large ones as a blob. */
export type Payload = Uint8Array | BlobRef

/** What code of other people's runs in: `auto` is a sandbox where one works. */
export const ISOLATIONS = ['auto', 'bwrap', 'none'] as const
export type Isolation = (typeof ISOLATIONS)[number]

/** True for a payload that has to be fetched before it can be read. */
export function isBlobRef(payload: Payload): payload is BlobRef {
  return !(payload instanceof Uint8Array)
}

/** The size of a payload in bytes, wherever it is kept. */
export function payloadBytes(payload: Payload): number {
  return isBlobRef(payload) ? payload.bytes : payload.length
}

/**
 * One try at one task: the fencing token. `task` counts from 1 within its job, `attempt` from 1
 * within its task.
 */
export interface AttemptRef {
  readonly job: JobId
  readonly task: number
  readonly attempt: number
}
