/**
 * What goes wrong in a campaign, one thing after the other, for the same seed the same.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Rng } from '../../src/core/rng.ts'
import type { ChaosNetwork, ChaosNode } from './nodes.ts'

export const FAULTS = ['kill-master', 'kill-worker', 'pause-worker', 'cut-worker'] as const
export type Fault = (typeof FAULTS)[number]

/** Of ten faults, so many are the master's death. */
const MASTER_SHARE = 0.6
const BETWEEN_MS = { least: 50, most: 700 }
/** From shorter than a lease to longer than one. */
const AWAY_MS = { least: 200, most: 6_000 }

export interface FaultPlan {
  /** Masters to be killed, at least. */
  readonly masterKills: number
  /** How long faults go on, at least. */
  readonly durationMs: number
}

/** Injects faults until there were enough; how many of which kind. All is healed at the end. */
export async function injectFaults(
  network: ChaosNetwork,
  rng: Rng,
  plan: FaultPlan
): Promise<Record<Fault, number>> {
  const counts = { 'kill-master': 0, 'kill-worker': 0, 'pause-worker': 0, 'cut-worker': 0 }
  const away = new Map<ChaosNode, Promise<void>>()
  const until = performance.now() + plan.durationMs
  while (counts['kill-master'] < plan.masterKills || performance.now() < until) {
    await delay(rng.integer(BETWEEN_MS.least, BETWEEN_MS.most))
    const fault = nextFault(rng)
    counts[fault]++
    if (fault === 'kill-master') {
      await network.master.kill()
      await delay(rng.integer(0, BETWEEN_MS.least))
      await started(network.master)
      continue
    }
    const worker = network.workers[rng.integer(0, network.workers.length - 1)]
    if (worker === undefined || away.has(worker)) continue
    away.set(
      worker,
      strike(worker, fault, rng.integer(AWAY_MS.least, AWAY_MS.most)).then(() => {
        away.delete(worker)
      })
    )
  }
  await Promise.all(away.values())
  return counts
}

function nextFault(rng: Rng): Fault {
  if (rng.next() < MASTER_SHARE) return 'kill-master'
  return FAULTS[rng.integer(1, FAULTS.length - 1)] ?? 'kill-worker'
}

async function strike(
  worker: ChaosNode,
  fault: Exclude<Fault, 'kill-master'>,
  awayMs: number
): Promise<void> {
  if (fault === 'kill-worker') {
    await worker.kill()
    await delay(awayMs / 2)
    await started(worker)
  } else if (fault === 'pause-worker') {
    worker.pause()
    await delay(awayMs)
    worker.resume()
  } else {
    await worker.cut()
    await delay(awayMs)
    await worker.heal()
  }
}

async function started(node: ChaosNode): Promise<void> {
  await node.start().jsonLine(({ event }) => event === 'node')
}
