/**
 * What the workloads measure, of ours and of others alike.
 */
import type { Figure, Subject } from './figures.ts'

export const WORKLOADS = ['w1', 'w2', 'w3', 'w4', 'w5'] as const
export type Workload = (typeof WORKLOADS)[number]

/** How many tasks a workload has: as many as those of bench/peers. */
const TASKS: Readonly<Record<Workload, number>> = {
  ...{ w1: 10_000, w2: 500, w3: 1_000, w4: 200, w5: 64 }
}

/** How many tasks a workload has at this scale; bench/peers counts them in the same way. */
export function tasksAt(workload: Workload, scale: number): number {
  return Math.max(2, Math.trunc(TASKS[workload] * scale))
}

interface Measure {
  readonly what: string
  readonly unit: string
  /** Less is better. */
  readonly isCost: boolean
  /** What of a peer it is compared with, if not with the same. */
  readonly peer?: 'w3Rate' | 'w4Rate'
}

export const MEASURES = {
  w1Rate: { what: 'W1 no-op tasks one by one', unit: 'tasks/s', isCost: false },
  w1Cpu: { what: 'W1 CPU of all processes', unit: 'us/task', isCost: true },
  w2P50: { what: 'W2 one at a time, p50', unit: 'ms', isCost: true },
  w2P99: { what: 'W2 one at a time, p99', unit: 'ms', isCost: true },
  w3Rate: { what: 'W3 /bin/true', unit: 'commands/s', isCost: false },
  w3Whole: { what: 'W3 with start and end', unit: 'commands/s', isCost: false, peer: 'w3Rate' },
  w3Large: {
    what: 'W3 with 300 MiB in the master',
    unit: 'commands/s',
    isCost: false,
    peer: 'w3Rate'
  },
  w3Cpu: { what: 'W3 CPU of all processes', unit: 'us/command', isCost: true },
  w4Rate: { what: 'W4 1 MiB there and back', unit: 'MiB/s', isCost: false },
  w4Counted: {
    what: 'W4 whose client lets V8 count bytes as objects',
    unit: 'MiB/s',
    isCost: false,
    peer: 'w4Rate'
  },
  w4Cpu: { what: 'W4 CPU of all processes', unit: 'us/MiB', isCost: true },
  w5Share: { what: 'W5 50 ms of CPU, wall / ideal', unit: 'x', isCost: true },
  w5Unit: { what: 'W5 the unit alone', unit: 'ms', isCost: true }
} as const satisfies Record<string, Measure>

export type MeasureName = keyof typeof MEASURES
export type Measures = Partial<Record<MeasureName, number>>

export const BENCH = 'workloads'
/** What is no system's own. */
const NOT_COMPARED: readonly MeasureName[] = ['w5Unit']

export function subjectOf(system: string, name: MeasureName): Subject {
  const { what, unit } = MEASURES[name]
  return { bench: BENCH, what: `${system}: ${what}`, unit }
}

/** How far ahead we are, round by round: 2 is twice as fast, or half as long. */
export function ratiosOf(
  [ours, ourRounds]: readonly [system: string, rounds: readonly Measures[]],
  [peer, peerRounds]: readonly [system: string, rounds: readonly Measures[]]
): Figure[] {
  const names = (Object.keys(MEASURES) as MeasureName[]).filter(
    (name) => !NOT_COMPARED.includes(name)
  )
  return names.flatMap((name) => {
    const measure: Measure = MEASURES[name]
    const values = ourRounds.flatMap((round, at) => {
      const [mine, theirs] = [round[name], peerRounds[at]?.[measure.peer ?? name]]
      if (!isMeasured(mine) || !isMeasured(theirs)) return []
      return [measure.isCost ? theirs / mine : mine / theirs]
    })
    const what = `${ours} ahead of ${peer}: ${measure.what}`
    return values.length === 0 ? [] : [{ bench: BENCH, what, unit: 'x', values }]
  })
}

function isMeasured(value: number | undefined): value is number {
  return Number.isFinite(value)
}
