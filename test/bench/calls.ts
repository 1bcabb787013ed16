/**
 * What a client asks of whatever runs its functions.
 */
import type { JobName } from './jobs.ts'

export interface Calls {
  one(name: JobName, argument: unknown): Promise<unknown>
  close(): Promise<void>
}

export async function untilSlots(slots: () => number, wanted: number): Promise<void> {
  while (slots() < wanted) await new Promise((resolve) => setTimeout(resolve, 10))
}
