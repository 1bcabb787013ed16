/**
 * What goes wrong, and when. Every fault ends before `world.faultsEndAt`: from there on the
 * network has no excuse.
 */
import type { Millis } from '../../src/core/types.ts'
import type { MasterNode } from './master-node.ts'
import type { Weather } from './network.ts'
import { GOOD_WEATHER } from './network.ts'
import type { WorkerNode } from './worker-node.ts'
import type { World } from './world.ts'

type AnyNode = WorkerNode | MasterNode

export const STORM: Weather = {
  latencyMs: [0, 40],
  loss: 0.03,
  duplicates: 0.05,
  reordered: 0.05,
  redialMs: [50, 1_000]
}

/** The weather is bad from now until then. */
export function storm(world: World, untilMs: Millis, weather: Weather = STORM): void {
  world.network.weather = weather
  plan(world, untilMs, () => (world.network.weather = GOOD_WEATHER))
}

/** The node dies at `at`, and starts again after `downMs`; `Infinity`: never. */
export function crash(world: World, node: AnyNode, at: Millis, downMs: Millis): void {
  const isSilent = world.rng.next() < 0.5
  plan(world, at, () => node.crash(isSilent))
  if (downMs < Infinity) plan(world, at + downMs, () => node.restart())
}

/** The master dies in the first thing it does after `at`, between its commit and its sends. */
export function crashAfterCommit(world: World, node: MasterNode, at: Millis, downMs: Millis): void {
  plan(world, at, () => (node.diesAfterCommit = node.isUp))
  plan(world, at + downMs, () => {
    node.crash(true)
    node.restart()
  })
}

/** The node is stopped and continued, as by SIGSTOP and SIGCONT. */
export function pause(world: World, node: AnyNode, at: Millis, forMs: Millis): void {
  plan(world, at, () => node.pause())
  plan(world, at + forMs, () => node.resume())
}

/** Nothing to or from the node arrives for a while. */
export function cut(world: World, node: AnyNode, at: Millis, forMs: Millis): void {
  plan(world, at, () => world.network.cut(node))
  plan(world, at + forMs, () => world.network.heal(node))
}

/** The worker's connection breaks, and both sides know. */
export function reset(world: World, worker: WorkerNode, master: MasterNode, at: Millis): void {
  plan(world, at, () => {
    const session = worker.sessionWith(master)
    if (session !== undefined) world.network.reset(session)
  })
}

/** A handful of faults of all kinds, at random, all over by `untilMs`. */
export function chaos(world: World, untilMs: Millis): void {
  const { rng } = world
  const bad = rng.integer(0, 10) / 100
  storm(world, untilMs, { ...STORM, loss: bad, duplicates: bad, reordered: bad })
  for (let faults = rng.integer(2, 12); faults > 0; faults--) {
    const at = rng.integer(0, untilMs)
    const forMs = Math.min(untilMs - at, rng.integer(100, 15_000))
    const worker = oneOf(world, world.workers)
    const master = oneOf(world, world.masters)
    const kinds = [
      () => crash(world, worker, at, forMs),
      () => crash(world, master, at, forMs),
      () => crashAfterCommit(world, master, at, forMs),
      () => pause(world, worker, at, forMs),
      () => pause(world, master, at, forMs),
      () => cut(world, worker, at, forMs),
      () => cut(world, master, at, forMs),
      () => reset(world, worker, master, at)
    ]
    oneOf(world, kinds)()
  }
}

export function oneOf<Item>({ rng }: World, items: readonly Item[]): Item {
  return items[rng.integer(0, items.length - 1)] as Item
}

function plan(world: World, at: Millis, happen: () => void): void {
  world.faultsEndAt = Math.max(world.faultsEndAt, at)
  world.clock.at(at, happen)
}
