/**
 * A spec by itself, as bytes: in the form in which it travels, so that there is one.
 */
import type { Spec } from '../core/spec.ts'
import { decodeHead } from './codec.ts'
import { readSpec, specFields } from './master-messages.ts'
import { encodeHead } from './message-pack-writer.ts'

export function encodeSpec(spec: Spec): Uint8Array {
  return new Uint8Array(encodeHead(specFields(spec)))
}

/** Throws BAD_MESSAGE. */
export function decodeSpec(bytes: Uint8Array): Spec {
  return readSpec(decodeHead(bytes))
}
