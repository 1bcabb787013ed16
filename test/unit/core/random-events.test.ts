/**
 * Whatever comes in whatever order, no machine breaks its own invariants: they are checked after
 * every event, and a message of a peer is never a reason to throw.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import type { WorkerMessage, MasterMessage } from '../../../src/core/messages.ts'
import { OUTCOMES } from '../../../src/core/result.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import type { TestMaster, TestWorker } from '../../support/machines.ts'
import { aHold, aMaster, aResult, aWorker, ref, SPEC } from '../../support/machines.ts'

const small = fc.integer({ min: 1, max: 3 })
const attempt = fc.tuple(small, small, small).map((numbers) => ref(...numbers))
const attempts = fc.array(attempt, { maxLength: 4 })
const result = fc.constantFrom(...OUTCOMES).map((outcome) => aResult(outcome, 1))
const report = fc.tuple(attempt, result).map(([of, what]) => ({ ...of, result: what }))
const held = fc
  .tuple(attempt, fc.constantFrom('queued', 'running', 'ended'))
  .map(([of, state]) => ({ ...of, state }))
const credit = fc.nat(6)

const workerMessage: fc.Arbitrary<WorkerMessage> = fc.oneof(
  fc
    .record({ boot: fc.constantFrom('x', 'y'), slots: fc.nat(3), credit, attempts: fc.array(held) })
    .map((fields) => aHold(fields as never)),
  fc.record({
    type: fc.constant('offer' as const),
    credit,
    withdrawn: fc.nat(3),
    more: fc.boolean()
  }),
  attempts.map((started) => ({ type: 'started' as const, attempts: started })),
  fc.array(report, { maxLength: 4 }).map((reports) => ({ type: 'report' as const, reports })),
  fc.record({
    type: fc.constant('renewal' as const),
    seen: fc.nat(4),
    credit,
    withdrawn: fc.nat(3)
  }),
  fc.constant({ type: 'bye' as const })
)

const masterMessage: fc.Arbitrary<MasterMessage> = fc.oneof(
  attempts.map((canceled) => ({ type: 'kept' as const, canceled, leaseMs: 600, keepMs: 5_000 })),
  small.map((job) => ({ type: 'spec' as const, job: ref(1, 1, job).job, spec: SPEC })),
  fc
    .record({ batch: fc.nat(6), used: fc.nat(9), more: fc.boolean(), refs: attempts })
    .map(({ batch, used, more, refs }) => {
      const leases = refs.map((of) => ({ ...of, input: new Uint8Array(0) }))
      return { type: 'leases' as const, batch, used, more, leases }
    }),
  attempts.map((list) => ({ type: 'cancel' as const, attempts: list })),
  attempts.map((list) => ({ type: 'accepted' as const, attempts: list })),
  fc.boolean().map((more) => ({ type: 'renewed' as const, more })),
  small.map((job) => ({ type: 'forget' as const, job: ref(1, 1, job).job })),
  fc.constant({ type: 'drain' as const })
)

const peer = fc.constantFrom('p', 'q')

type MasterStep = (master: TestMaster) => void
type WorkerStep = (worker: TestWorker) => void

const masterStep: fc.Arbitrary<MasterStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(peer, small, workerMessage).map<MasterStep>(
      ([worker, session, message]) =>
        (master) =>
          master.hears(worker, message, session)
    )
  },
  {
    weight: 2,
    arbitrary: fc.nat(8_000).map<MasterStep>((span) => (master) => master.passes(span))
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(4), fc.nat(2), fc.constantFrom(undefined, 1)).map<MasterStep>(
      ([tasks, retries, slotsMax]) =>
        (master) =>
          master.submit(tasks, { retries }, { slotsMax })
    )
  },
  {
    weight: 1,
    arbitrary: fc.tuple(peer, small).map<MasterStep>(
      ([worker, session]) =>
        (master) =>
          master.does({ type: 'disconnected', worker: worker as NodeId, session })
    )
  },
  {
    weight: 1,
    arbitrary: small.map<MasterStep>(
      (job) => (master) => master.does({ type: 'cancel', job: job as JobId, reason: 'so' })
    )
  }
)

const workerStep: fc.Arbitrary<WorkerStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(peer, small, masterMessage).map<WorkerStep>(
      ([master, session, message]) =>
        (worker) =>
          worker.hears(master, message, session)
    )
  },
  {
    weight: 2,
    arbitrary: fc.tuple(peer, small).map<WorkerStep>(
      ([master, session]) =>
        (worker) =>
          worker.connects(master, session)
    )
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(12), result).map<WorkerStep>(
      ([run, what]) =>
        (worker) =>
          worker.ends(run, what)
    )
  },
  {
    weight: 1,
    arbitrary: fc.tuple(peer, small).map<WorkerStep>(
      ([master, session]) =>
        (worker) =>
          worker.disconnects(master, session)
    )
  },
  {
    weight: 1,
    arbitrary: fc.nat(3_000).map<WorkerStep>((span) => (worker) => worker.passes(span))
  }
)

describe('machines under random events', function () {
  this.timeout(20_000)

  it('a master keeps its books in order, and its journal rebuilds it', () => {
    fc.assert(
      fc.property(fc.array(masterStep, { maxLength: 60 }), (steps) => {
        const master = aMaster({ isDurable: true })
        for (const step of steps) step(master)
        const next = aMaster({ isDurable: true })
        for (const record of master.takeRecords()) next.machine.replay(record)
        next.does({ type: 'recovered' })
        expect(liveTasks(next)).to.deep.equal(liveTasks(master))
      }),
      { numRuns: 300 }
    )
  })

  it('a worker keeps its books in order, and never runs more than its slots', () => {
    fc.assert(
      fc.property(fc.array(workerStep, { maxLength: 60 }), fc.nat(60), (steps, drainsAt) => {
        const worker = aWorker()
        for (const [at, step] of steps.entries()) {
          if (at === drainsAt) worker.does({ type: 'drain', now: at % 2 === 0 })
          step(worker)
        }
      }),
      { numRuns: 300 }
    )
  })
})

/** What a restart has to preserve of every task that has not ended. */
function liveTasks(master: TestMaster): unknown[] {
  return [...master.machine.state.jobs.values()].flatMap((job) =>
    [...job.tasks.values()].map((task) => [task.ref, task.failures, task.crashes, task.isReportDue])
  )
}
