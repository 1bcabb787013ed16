/**
 * The session of a process with itself: its master leases to its worker as to any other.
 *
 * It can end like any other, too, when the process was held up for longer than a lease; then it is
 * opened again, or this machine's slots would be lost for good.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { MasterMessage, WorkerMessage } from '../core/messages.ts'
import type { NodeId } from '../core/types.ts'
import type { ObtainBlob } from './link.ts'
import { localLinks } from './local-link.ts'
import type { MasterRole } from './master-role.ts'
import type { WorkerRole } from './worker-role.ts'

const AGAIN_MS = 100

export interface LocalSessionInit {
  readonly id: NodeId
  /** Makes an output of one role the other's. */
  readonly share: ObtainBlob
  readonly isStopped: () => boolean
}

/** Resolves when the worker has left for good, or the node is stopped. */
export async function keepLinked(
  master: Pick<MasterRole, 'accept' | 'epoch'>,
  worker: Pick<WorkerRole, 'serve'>,
  { id, share, isStopped }: LocalSessionInit
): Promise<void> {
  while (!isStopped()) {
    const [masterLink, workerLink] = localLinks<MasterMessage, WorkerMessage>()
    master.accept(id, masterLink, share)
    if (await worker.serve(id, master.epoch, workerLink, share)) return
    await delay(AGAIN_MS, undefined, { ref: false })
  }
}
