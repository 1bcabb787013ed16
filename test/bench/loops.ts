/**
 * The client's loops: the same as those of bench/peers, so that figures can be laid side by side.
 * Each warms up first, and checks every result.
 */
import { randomFillSync } from 'node:crypto'
import type { Calls } from './calls.ts'
import { quantile } from './figures.ts'
import { JOBS } from './jobs.ts'
import type { JobName } from './jobs.ts'
import { readUsages, usedBetween } from './usage.ts'
import type { Usages } from './usage.ts'

/** What one run of a loop has measured. */
export interface LoopFigures {
  readonly seconds: number
  /** What was used in the timed span, and at most by any process until its end. */
  readonly usages: Usages
  readonly p50Ms?: number
  readonly p99Ms?: number
  /** The work of W5 alone, and the span against that of two perfect workers. */
  readonly unitMs?: number
  readonly overIdeal?: number
}

export interface LoopInit {
  readonly calls: Calls
  readonly count: number
  /** Tasks before those that are measured. */
  readonly warm: number
  /** Of each argument of `echo`. */
  readonly bytes: number
  /** The processes of the workers. */
  readonly workers: readonly number[]
}

type Loop = (init: LoopInit) => Promise<LoopFigures>

/** Of many tasks before the measured ones, so many at once. */
const PIECE = 100_000
const TARGET_MS = 50
const FIRST_TURNS = 20_000

/** Many at a time, each submitted by a call of its own. */
const noop: Loop = async ({ calls, count, warm, workers }) => {
  for (let left = warm; left > 0; left -= PIECE) {
    await all(calls, 'noop', range(Math.min(left, PIECE)))
  }
  const measured = await measure(workers, () => all(calls, 'noop', range(count)))
  check(measured.result.every((x, at) => x === at))
  return measured
}

/** One after the other. */
const alone: Loop = async ({ calls, count, warm, workers }) => {
  for (const x of range(warm)) await calls.one('noop', x)
  const spans: number[] = []
  const measured = await measure(workers, async () => {
    for (const x of range(count)) {
      const since = performance.now()
      check((await calls.one('noop', x)) === x)
      spans.push(performance.now() - since)
    }
  })
  return { ...measured, p50Ms: quantile(spans, 0.5), p99Ms: quantile(spans, 0.99) }
}

/** Random bytes there and back. */
const echo: Loop = async ({ calls, count, warm, bytes, workers }) => {
  const make = (): Uint8Array => randomFillSync(new Uint8Array(bytes))
  await all(calls, 'echo', Array.from({ length: warm }, make))
  const payloads = Array.from({ length: count }, make)
  const measured = await measure(workers, () => all(calls, 'echo', payloads))
  check(
    measured.result.every(
      (back, at) => Buffer.compare(back as Uint8Array, payloads[at] ?? new Uint8Array()) === 0
    )
  )
  return measured
}

/** Work for two CPUs, its unit measured just before. */
const burn: Loop = async ({ calls, count, warm, workers }) => {
  await all(calls, 'noop', range(warm))
  const { turns, unitMs } = calibrate()
  await all(calls, 'burn', [turns, turns])
  const measured = await measure(workers, () => all(calls, 'burn', Array(count).fill(turns)))
  const wanted = JOBS.burn(turns)
  check(measured.result.every((digest) => digest === wanted))
  const idealS = (count * unitMs) / 2 / 1_000
  return { ...measured, unitMs, overIdeal: measured.seconds / idealS }
}

export const LOOPS = { noop, alone, echo, burn } as const satisfies Record<string, Loop>
export type LoopName = keyof typeof LOOPS

async function all(calls: Calls, name: JobName, args: readonly unknown[]): Promise<unknown[]> {
  return await Promise.all(args.map((argument) => calls.one(name, argument)))
}

async function measure<Result>(
  workers: readonly number[],
  work: () => Promise<Result>
): Promise<{ seconds: number; usages: Usages; result: Result }> {
  const groups = { client: [process.pid], workers }
  const before = readUsages(groups)
  const since = performance.now()
  const result = await work()
  const seconds = (performance.now() - since) / 1_000
  return { seconds, usages: usedBetween(before, readUsages(groups)), result }
}

/** How many turns take about the target alone, and how long they do: the best of 11. */
function calibrate(): { readonly turns: number; readonly unitMs: number } {
  const once = (turns: number): number => {
    const since = performance.now()
    JOBS.burn(turns)
    return performance.now() - since
  }
  const best = (times: number, turns: number): number =>
    Math.min(...Array.from({ length: times }, () => once(turns)))
  const scaled = (turns: number): number => Math.floor((turns * TARGET_MS) / best(5, turns))
  best(3, FIRST_TURNS)
  // A cold CPU misleads the first guess.
  const turns = Math.max(1, scaled(scaled(FIRST_TURNS)))
  return { turns, unitMs: best(11, turns) }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at)
}

function check(isRight: boolean): void {
  if (!isRight) throw new Error('a wrong result')
}
