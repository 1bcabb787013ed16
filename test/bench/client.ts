/**
 * One client as a process of its own: runs one loop against one system, and prints what it
 * measured as one line of JSON.
 *
 *     node client.ts '{"system": "embedded", "loop": "noop", "count": 10000, ...}'
 */
import { LOOPS } from './loops.ts'
import type { LoopFigures, LoopName } from './loops.ts'
import { openSystem } from './systems.ts'
import type { System } from './systems.ts'

export interface ClientInit {
  readonly system: System
  readonly loop: LoopName
  readonly count: number
  readonly warm: number
  /** Of each argument of `echo`. */
  readonly bytes: number
  /** Of worker nodes with one slot each: where they are reached, and their processes. */
  readonly addresses: readonly string[]
  readonly pids: readonly number[]
}

const init = JSON.parse(process.argv[2] ?? '{}') as ClientInit
const calls = await openSystem(init.system, init.addresses)
const { count, warm, bytes, pids } = init
const figures: LoopFigures = await LOOPS[init.loop]({ calls, count, warm, bytes, workers: pids })
const { seconds, usages, p50Ms, p99Ms, unitMs, overIdeal } = figures
await calls.close()
process.stdout.write(`${JSON.stringify({ seconds, usages, p50Ms, p99Ms, unitMs, overIdeal })}\n`)
