/**
 * For our own bugs only. What a peer, a task or a user can cause is never asserted.
 */

/** Ends the node when one of our own invariants does not hold. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`bug in p2pjobs: ${message}`)
}

/** Marks a branch that the types say cannot be reached; fails the build when a case is added. */
export function unreachable(value: never): never {
  throw new Error(`bug in p2pjobs: unexpected ${JSON.stringify(value)}`)
}
