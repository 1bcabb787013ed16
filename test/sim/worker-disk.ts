/**
 * What a worker of the simulator has on disk. Writing takes its time, and what has not been written
 * when the node dies is as it was before.
 */
import type { Millis, NodeId } from '../../src/core/types.ts'
import type { AttemptRef } from '../../src/core/types.ts'
import type {
  KeptFor,
  KeptReport,
  WorkerEffect,
  WorkerEvent
} from '../../src/core/worker/events.ts'
import type { Report } from '../../src/core/messages.ts'
import type { WorkerNode } from './worker-node.ts'

interface Record {
  readonly whose: KeptFor
  readonly report: Report
  readonly since: Millis
}

type Restored = Extract<WorkerEvent, { type: 'restored' }>

export class WorkerDisk {
  readonly #node: WorkerNode
  readonly #records = new Map<string, Record>()

  constructor(node: WorkerNode) {
    this.#node = node
  }

  keep({ reports, master, epoch, keepMs }: Extract<WorkerEffect, { type: 'keep' }>): void {
    const { now } = this.#node.world.clock
    this.#write(() => {
      for (const report of reports) {
        const record = { whose: { master, epoch, keepMs }, report, since: now }
        this.#records.set(keyOf(master, report), record)
      }
    })
  }

  forget(effect: Extract<WorkerEffect, { type: 'release' }>): void {
    this.#write(() => this.#records.delete(keyOf(effect.master, effect)))
  }

  /** In order, each after a while, unless the node dies before. */
  #write(happen: () => void): void {
    const { world, life } = this.#node
    this.#freeAt = Math.max(this.#freeAt, world.clock.now + world.rng.integer(0, 20))
    world.clock.at(this.#freeAt, () => {
      if (this.#node.life === life && this.#node.isUp) happen()
    })
  }

  #freeAt: Millis = 0

  /** What a new life begins with. */
  load(): Restored[] {
    const { clock, checkers } = this.#node.world
    const byMaster = new Map<NodeId, { whose: KeptFor; reports: KeptReport[] }>()
    for (const { whose, report, since } of this.#records.values()) {
      const restored = byMaster.get(whose.master) ?? { whose, reports: [] }
      byMaster.set(whose.master, restored)
      restored.reports.push({ ...report, ageMs: clock.now - since })
      checkers.onRestore(this.#node, report.result)
    }
    return [...byMaster.values()].map(({ whose, reports }) => ({
      ...{ type: 'restored', ...whose, reports }
    }))
  }
}

function keyOf(master: NodeId, { job, task, attempt }: AttemptRef): string {
  return `${master} ${job} ${task} ${attempt}`
}
