/**
 * What a peer can make of the protocol: every message that the wire lets through, with numbers that
 * are small, that are at the edges, and that belong to nobody.
 */
import fc from 'fast-check'
import {
  HELD_TASKS_MAX,
  KEEP_EPHEMERAL_MS,
  OUTPUT_BYTES_MAX,
  SLOTS_MAX,
  TASKS_MAX
} from '../../src/core/limits.ts'
import { HELD_STATES, OUTPUT_STATES, OUTPUT_STREAMS } from '../../src/core/messages.ts'
import type {
  HeldAttempt,
  MasterMessage,
  OutputPlace,
  Report,
  WorkerMessage
} from '../../src/core/messages.ts'
import { OUTCOMES } from '../../src/core/result.ts'
import type { Result } from '../../src/core/result.ts'
import type { AttemptRef, JobId } from '../../src/core/types.ts'
import { aHold, aResult, SPEC } from './machines.ts'

const HUGE = Number.MAX_SAFE_INTEGER

/** Mostly small, so that things meet. */
function numbers(min: number, max: number): fc.Arbitrary<number> {
  const small = fc.integer({ min, max: min + 3 })
  return fc.oneof({ weight: 8, arbitrary: small }, fc.constantFrom(min, max, max - 1))
}

const counts = numbers(0, HUGE)

export const attempts: fc.Arbitrary<AttemptRef> = fc.record({
  job: numbers(1, 2 ** 31) as fc.Arbitrary<JobId>,
  task: numbers(1, TASKS_MAX),
  attempt: numbers(1, HUGE)
})
const lists = fc.array(attempts, { maxLength: 5 })

const results: fc.Arbitrary<Result> = fc
  .tuple(fc.constantFrom(...OUTCOMES), numbers(0, HUGE), fc.nat(2_000))
  .map(([outcome, runtimeMs, bytes]) => ({
    ...aResult(outcome, runtimeMs),
    stdout: new Uint8Array(bytes)
  }))

const reports: fc.Arbitrary<Report> = fc
  .tuple(attempts, results)
  .map(([attempt, result]) => ({ ...attempt, result }))

const helds: fc.Arbitrary<HeldAttempt> = fc
  .tuple(attempts, fc.constantFrom(...HELD_STATES))
  .map(([attempt, state]) => ({ ...attempt, state }))

const places: fc.Arbitrary<OutputPlace> = fc
  .tuple(attempts, fc.constantFrom(...OUTPUT_STREAMS), numbers(0, OUTPUT_BYTES_MAX))
  .map(([attempt, stream, offset]) => ({ ...attempt, stream, offset }))

const names = fc.constantFrom('gpu', 'memory', 'constructor')
const labels = fc.dictionary(names, fc.constantFrom('1', '2'))
/** Mostly little, so that it is fought over. */
const amounts = fc.dictionary(fc.constantFrom('cpus', 'gpu', 'memory'), numbers(0, HUGE))

export const workerMessages: fc.Arbitrary<WorkerMessage> = fc.oneof(
  fc
    .record({
      boot: fc.constantFrom('x', 'y'),
      slots: numbers(0, SLOTS_MAX),
      credit: counts,
      attempts: fc.array(helds, { maxLength: 8 })
    })
    .chain((fields) =>
      fc
        .record({ labels, amounts }, { requiredKeys: [] })
        .map((abilities) => aHold({ ...fields, ...abilities }))
    ),
  fc.record({
    type: fc.constant('offer' as const),
    credit: counts,
    withdrawn: counts,
    more: fc.boolean()
  }),
  lists.map((started) => ({ type: 'started' as const, attempts: started })),
  fc.array(reports, { maxLength: 5 }).map((list) => ({ type: 'report' as const, reports: list })),
  fc.record({
    type: fc.constant('renewal' as const),
    seen: counts,
    credit: counts,
    withdrawn: counts
  }),
  lists.map((list) => ({
    type: 'progress' as const,
    progress: list.map((attempt) => ({ ...attempt, value: new Uint8Array(1) }))
  })),
  places.chain((place) =>
    fc.constantFrom(...OUTPUT_STATES).map((state) => ({
      ...place,
      ...{ type: 'output' as const, state, bytes: new Uint8Array(1) }
    }))
  ),
  fc.constant({ type: 'bye' as const })
)

const specs = fc
  .record({
    slotsMax: fc.option(numbers(1, SLOTS_MAX), { nil: undefined }),
    timeoutMs: fc.option(numbers(1, HUGE), { nil: undefined })
  })
  .chain((fields) =>
    fc.record({ amounts }, { requiredKeys: [] }).map((more) => ({ ...SPEC, ...fields, ...more }))
  )

const leases = fc
  .oneof(
    { weight: 20, arbitrary: lists },
    // More of them than there can ever be room for.
    { weight: 1, arbitrary: fc.constant(manyAttempts(HELD_TASKS_MAX)) }
  )
  .map((list) => list.map((attempt) => ({ ...attempt, input: new Uint8Array(0) })))

function manyAttempts(count: number): AttemptRef[] {
  return Array.from({ length: count }, (_, at) => ({ job: 1 as JobId, task: at + 1, attempt: 1 }))
}

const jobs = numbers(1, 2 ** 31) as fc.Arbitrary<JobId>

export const masterMessages: fc.Arbitrary<MasterMessage> = fc.oneof(
  fc.record({
    type: fc.constant('kept' as const),
    canceled: lists,
    leaseMs: fc.constantFrom(100, 600, 6_000, 24 * 3_600_000),
    keepMs: fc.constantFrom(0, KEEP_EPHEMERAL_MS, HUGE)
  }),
  fc.record({ type: fc.constant('spec' as const), job: jobs, spec: specs }),
  fc.record({
    type: fc.constant('leases' as const),
    batch: counts,
    used: counts,
    more: fc.boolean(),
    leases
  }),
  lists.map((list) => ({ type: 'cancel' as const, attempts: list })),
  lists.map((list) => ({ type: 'accepted' as const, attempts: list })),
  places.map((place) => ({ type: 'read' as const, ...place, bytesMax: 1 })),
  fc.boolean().map((more) => ({ type: 'renewed' as const, more })),
  jobs.map((job) => ({ type: 'forget' as const, job })),
  fc.constant({ type: 'drain' as const })
)
