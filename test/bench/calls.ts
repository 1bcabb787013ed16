/**
 * What a client asks of whatever runs its functions.
 */
import { until } from '../support/until.ts'
import type { JobName } from './jobs.ts'

export interface Calls {
  one(name: JobName, argument: unknown): Promise<unknown>
  close(): Promise<void>
}

export async function untilSlots(slots: () => number, wanted: number): Promise<void> {
  await until(() => slots() >= wanted, `there are ${wanted} slots`)
}
