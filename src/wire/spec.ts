/**
 * A spec by itself, as bytes: in the form in which it travels, so that there is one.
 */
import { P2pJobsError, toError } from '../core/errors.ts'
import type { Spec } from '../core/spec.ts'
import { decodeHead } from './codec.ts'
import { readSpec, specFields } from './master-messages.ts'
import { encodeHead } from './message-pack-writer.ts'

export function encodeSpec(spec: Spec): Uint8Array {
  return new Uint8Array(encodeHead(specFields(spec)))
}

/**
 * Throws USAGE for a spec that every worker would refuse, each time that it is sent: it would never
 * run, and no other task of its master would.
 */
export function checkSpec(spec: Spec): void {
  try {
    decodeSpec(encodeSpec(spec))
  } catch (cause) {
    const message = `no worker would take such a task; each would say: ${toError(cause).message}`
    throw new P2pJobsError('USAGE', message, { cause })
  }
}

/** Throws BAD_MESSAGE. */
export function decodeSpec(bytes: Uint8Array): Spec {
  return readSpec(decodeHead(bytes))
}
