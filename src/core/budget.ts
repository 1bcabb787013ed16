/**
 * Memory that several share: whoever is about to fill some takes it first, and gives it back. And
 * what is to be left of a machine's memory and disk.
 */
import {
  BLOBS_IN_MEMORY_BYTES_MAX,
  BLOBS_IN_MEMORY_BYTES_MIN,
  BLOBS_IN_MEMORY_SHARE,
  DISK_SPARE_BYTES_MAX,
  DISK_SPARE_SHARE
} from './limits.ts'

export class Budget {
  readonly #bytesMax: number
  #taken = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** How many bytes are taken. */
  get taken(): number {
    return this.#taken
  }

  /** False when there is not so much left: then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.#bytesMax) return false
    this.#taken += bytes
    return true
  }

  give(bytes: number): void {
    this.#taken -= bytes
  }
}

/** With less than this free, in bytes, a disk of so many bytes is taken for full. */
export function spareOfDisk(diskBytes: number): number {
  return Math.min(DISK_SPARE_BYTES_MAX, diskBytes * DISK_SPARE_SHARE)
}

/** What blobs may take of a machine with so much memory, in bytes. */
export function memoryForBlobs(memoryBytes: number): number {
  const share = Math.floor(memoryBytes * BLOBS_IN_MEMORY_SHARE)
  return Math.min(Math.max(share, BLOBS_IN_MEMORY_BYTES_MIN), BLOBS_IN_MEMORY_BYTES_MAX)
}
