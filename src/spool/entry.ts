/**
 * One result of one attempt, on disk or on its way there.
 */
import { payloadsOf } from '../core/result.ts'
import type { Report } from '../core/messages.ts'
import { isBlobRef } from '../core/types.ts'
import type { AttemptRef, BlobId, BlobRef, NodeId } from '../core/types.ts'
import type { KeptFor } from '../core/worker/events.ts'
import type { Place } from './record-log.ts'

/** The file of a blob; throws when it has none, or not any more. */
export type FileOf = (blob: BlobId) => string | Promise<string>

export interface Entry {
  readonly whose: KeptFor
  readonly report: Report
  /** Wall clock, milliseconds since 1970: another process has to know how old it is. */
  readonly keptAt: number
  /** Where the bytes of its blobs are, before they are kept here. */
  readonly fileOf: FileOf
  /** The references to its blobs that are counted. */
  blobs: BlobRef[]
  /** Where its record is; undefined before it is written. */
  place: Place | undefined
  /** Nobody needs it any more. */
  isForgotten: boolean
}

export function newEntry(whose: KeptFor, report: Report, keptAt: number, fileOf: FileOf): Entry {
  return { whose, report, keptAt, fileOf, blobs: [], place: undefined, isForgotten: false }
}

export function refsOf({ result }: Report): BlobRef[] {
  return payloadsOf(result).filter(isBlobRef)
}

export function keyOf(master: NodeId, { job, task, attempt }: AttemptRef): string {
  return `${master} ${job} ${task} ${attempt}`
}
