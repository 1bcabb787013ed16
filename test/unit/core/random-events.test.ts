/**
 * Whatever comes in whatever order, no machine breaks its own invariants: they are checked after
 * every event, and a message of a peer is never a reason to throw. Nor can a peer that lies keep
 * others from their work.
 */
import { expect } from 'chai'
import fc from 'fast-check'
import { KEEP_DURABLE_MS, RENEWAL_MAX_MS } from '../../../src/core/limits.ts'
import { OUTPUT_STREAMS } from '../../../src/core/messages.ts'
import type { WorkerMessage } from '../../../src/core/messages.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import { attempts, masterMessages, workerMessages } from '../../support/hostile.ts'
import type { Hold, TestMaster, TestWorker } from '../../support/machines.ts'
import { aHold, aMaster, aResult, aWorker, ref } from '../../support/machines.ts'

const small = fc.integer({ min: 1, max: 3 })
const peer = fc.constantFrom('p', 'q')
const needs = fc.constantFrom('ok' as const, 'any' as const)

type Step<Machine> = (machine: Machine) => void

function steps<Machine>(
  ...kinds: [weight: number, arbitrary: fc.Arbitrary<Step<Machine>>][]
): fc.Arbitrary<Step<Machine>[]> {
  const step = fc.oneof(...kinds.map(([weight, arbitrary]) => ({ weight, arbitrary })))
  return fc.array(step, { maxLength: 80, size: 'max' })
}

const hearsWorker: fc.Arbitrary<Step<TestMaster>> = fc.tuple(peer, small, workerMessages).map(
  ([worker, session, message]) =>
    (master) =>
      master.hears(worker, message, session)
)

/** A job of which one task takes longer than the others, if a worker can be found for it. */
function straggles(master: TestMaster): void {
  const id = master.submit(4, { hedge: true })
  for (const worker of ['p', 'q']) master.hears(worker, aHold({ slots: 3, credit: 6 }), 3)
  const { jobs, workers } = master.machine.state
  for (const { worker, ref: attempt, number } of jobs.get(id)?.tasks.values() ?? []) {
    const session = worker === undefined ? undefined : workers.get(worker)?.session
    if (worker === undefined || session === undefined) continue
    master.hears(worker, { type: 'started', attempts: [attempt] }, session)
    if (number < 4) master.hearsReport(worker, [attempt], aResult('success', 100), session)
  }
  master.passes(2_000)
}

const masterSteps = steps<TestMaster>(
  [2, fc.constant(straggles)],
  [8, hearsWorker],
  [2, fc.nat(8_000).map((span) => (master) => master.passes(span))],
  // Stopped for a while: everything comes late.
  [1, fc.nat(30_000).map((span) => (master) => (master.now += span))],
  [
    2,
    fc
      .record({
        tasks: fc.nat(4),
        retries: fc.nat(2),
        priority: fc.nat(1),
        slotsMax: fc.constantFrom(undefined, 1, 2),
        worker: fc.constantFrom(undefined, undefined, 'p'),
        scheduling: fc.record(
          {
            submitter: fc.constantFrom('ann', 'bob'),
            requires: fc.constantFrom([{ label: 'gpu' }], [{ label: 'gpu', value: '1' }]),
            failsMax: fc.constantFrom({ tasks: 0 }, { percent: 50 }),
            after: fc.array(fc.record({ job: small as fc.Arbitrary<JobId>, needs })),
            startWithinMs: fc.nat(20_000),
            hedge: fc.boolean(),
            crashesMax: small,
            backoff: fc.constant({ kind: 'fixed' as const, firstMs: 10, maxMs: 10 })
          },
          { requiredKeys: [] }
        ),
        amounts: fc.constantFrom({}, {}, { cpus: 2 }, { gpu: 1 }, { cpus: 2, gpu: 1 })
      })
      .map(({ tasks, slotsMax, worker, scheduling, amounts, ...rest }) => {
        const options = { ...rest, ...scheduling, ...(worker === undefined ? {} : { worker }) }
        return (master) => master.submit(tasks, options, { slotsMax, amounts })
      })
  ],
  [
    1,
    fc.tuple(peer, fc.boolean()).map(
      ([worker, isDraining]) =>
        (master) =>
          master.does({ type: 'drain-worker', worker: worker as NodeId, isDraining })
    )
  ],
  [
    1,
    fc.tuple(peer, small).map(
      ([worker, session]) =>
        (master) =>
          master.does({ type: 'disconnected', worker: worker as NodeId, session })
    )
  ],
  [
    1,
    small.map((job) => (master) => master.does({ type: 'cancel', job: job as JobId, reason: 'so' }))
  ],
  [
    1,
    fc.tuple(small, fc.array(small)).map(
      ([job, tasks]) =>
        (master) =>
          master.does({ type: 'cancel-tasks', job: job as JobId, tasks, reason: 'so' })
    )
  ]
)

const hearsMaster: fc.Arbitrary<Step<TestWorker>> = fc.tuple(peer, small, masterMessages).map(
  ([master, session, message]) =>
    (worker) =>
      worker.hears(master, message, session)
)

const ends: fc.Arbitrary<Step<TestWorker>> = fc
  .tuple(fc.nat(12), fc.constantFrom('success' as const, 'failure' as const, 'returned' as const))
  .map(
    ([run, outcome]) =>
      (worker) =>
        worker.ends(run, aResult(outcome))
  )

const restores: fc.Arbitrary<Step<TestWorker>> = fc
  .tuple(peer, fc.array(attempts, { maxLength: 5 }), fc.nat(2 * KEEP_DURABLE_MS))
  .map(
    ([master, refs, ageMs]) =>
      (worker) =>
        worker.restores(master, refs, ageMs)
  )

const workerSteps = steps<TestWorker>(
  [8, hearsMaster],
  [1, restores],
  [
    2,
    fc.tuple(peer, small, fc.constantFrom('epoch-1', 'epoch-1', 'epoch-2')).map(
      ([master, session, epoch]) =>
        (worker) =>
          worker.connects(master, session, epoch)
    )
  ],
  [2, ends],
  [1, fc.array(fc.nat(12)).map((runs) => (worker) => worker.does({ type: 'started', runs }))],
  [
    2,
    fc.tuple(fc.nat(12), fc.constantFrom(...OUTPUT_STREAMS)).map(
      ([run, stream]) =>
        (worker) =>
          worker.does({ type: 'printed', run, stream })
    )
  ],
  [
    2,
    fc.tuple(fc.nat(20), fc.constantFrom(undefined, 0, 1)).map(([read, bytes]) => (worker) => {
      const printed = bytes === undefined ? undefined : new Uint8Array(bytes)
      worker.does({ type: 'read', read, bytes: printed })
    })
  ],
  [
    1,
    fc.tuple(peer, small).map(
      ([master, session]) =>
        (worker) =>
          worker.disconnects(master, session)
    )
  ],
  [1, fc.nat(3_000).map((span) => (worker) => worker.passes(span))],
  [1, fc.nat(60_000).map((span) => (worker) => (worker.now += span))]
)

describe('machines under random events', function () {
  this.timeout(60_000)

  it('a master keeps its books in order, and its journal rebuilds it', () => {
    fc.assert(
      fc.property(masterSteps, (list) => {
        const master = aMaster({ isDurable: true })
        for (const step of list) step(master)
        const next = aMaster({ isDurable: true })
        next.restores(master)
        next.does({ type: 'recovered' })
        expect(liveTasks(next)).to.deep.equal(liveTasks(master))
        expect(next.machine.nextJob).to.equal(master.machine.nextJob)
      }),
      { numRuns: 500 }
    )
  })

  it('a master records one result for each task, and no worker keeps others from theirs', () => {
    fc.assert(
      fc.property(masterSteps, (list) => {
        const master = aMaster()
        const honest = new HonestWorker(master)
        for (const step of list) {
          step(master)
          honest.works()
        }
        for (let time = 0; time < 300 && master.machine.state.jobs.size > 0; time++) {
          master.passes(2_000)
          honest.works()
        }
        const open = [...master.machine.state.jobs.values()]
        // A job for one worker waits for that one, and others may wait for the job.
        const mayWait = open.filter(({ options }) => options.worker !== undefined)
        const waits = open.filter(({ awaits }) => awaits.size > 0)
        expect(new Set([...mayWait, ...waits]).size).to.equal(open.length)
        expect(honest.settled.size, 'settled twice').to.equal(honest.notices)
      }),
      { numRuns: 300 }
    )
  })

  it('a worker keeps its books in order, and never runs more than its slots', () => {
    fc.assert(
      fc.property(workerSteps, fc.nat(60), (list, drainsAt) => {
        const worker = aWorker()
        for (const [at, step] of list.entries()) {
          if (at === drainsAt) worker.does({ type: 'drain', now: at % 2 === 0 })
          if (at % 9 === 4) worker.does({ type: 'pause', reason: at % 2 === 0 ? 'so' : undefined })
          step(worker)
        }
      }),
      { numRuns: 500 }
    )
  })

  it('a worker serves an honest master whatever others say', () => {
    fc.assert(
      fc.property(workerSteps, (list) => {
        const worker = aWorker()
        worker.joined('honest')
        for (const step of list) {
          step(worker)
          worker.hears('honest', { type: 'renewed', more: true })
        }
        let starts: number[] = []
        for (let task = 1_001; !starts.includes(task - 1); task++) {
          expect(task, 'it gets no slot').to.be.lessThan(1_020)
          for (const run of [...worker.machine.state.runs.keys()]) worker.ends(run)
          worker.passes(RENEWAL_MAX_MS / 5)
          worker.hears('honest', { type: 'renewed', more: true })
          worker.takeStarts()
          if ((worker.openCredit('honest') ?? 0) > 0) worker.hearsLeases('honest', [ref(task)])
          starts = worker.takeStarts()
        }
      }),
      { numRuns: 300 }
    )
  })
})

/** Does what it is told, at once. */
class HonestWorker {
  readonly settled = new Set<string>()
  notices = 0
  readonly #master: TestMaster
  #credit = 2
  #seen = 0

  constructor(master: TestMaster) {
    this.#master = master
    master.hears('honest', this.#hold(), 100)
  }

  /** It suits every job, so that all of them can come to an end. */
  #hold(): Hold {
    return aHold({ credit: this.#credit, labels: { gpu: '1' }, amounts: { gpu: 1 } })
  }

  works(): void {
    const master = this.#master
    this.#renews()
    for (;;) {
      for (const notice of master.takeNotices('settled')) {
        this.notices++
        this.settled.add(`${notice.job}/${notice.task}`)
      }
      const leased = master
        .take('send')
        .filter(({ worker }) => worker === 'honest')
        .flatMap(({ message }) => (message.type === 'leases' ? [message] : []))
      const done = leased.flatMap(({ leases }) => leases)
      if (done.length === 0) return
      this.#seen = Math.max(this.#seen, ...leased.map(({ batch }) => batch))
      this.#credit = Math.max(...leased.map(({ used }) => used)) + 2
      master.hearsReport('honest', done, aResult(), 100)
      this.#renews()
    }
  }

  #renews(): void {
    const master = this.#master
    const renewal: WorkerMessage = {
      ...{ type: 'renewal', seen: this.#seen, credit: this.#credit, withdrawn: 0 }
    }
    if (master.machine.state.workers.has('honest' as NodeId)) master.hears('honest', renewal, 100)
    else master.hears('honest', this.#hold(), 100)
  }
}

/** What a restart has to preserve of every task that has not ended. */
function liveTasks(master: TestMaster): unknown[] {
  return [...master.machine.state.jobs.values()].flatMap((job) => [
    [job.id, job.isOpen, job.lastTask, job.counts.finished, job.counts.canceled],
    ...[...job.tasks.values()].map((task) => [
      ...[task.ref, task.lastAttempt, task.worker, task.isReportDue],
      ...[task.failures, task.crashes, task.refusals],
      // A loss that was forgiven is one that still can be, after a restart.
      task.losses - (task.countsLoss ? 1 : 0),
      [...(task.avoids ?? [])]
    ])
  ])
}
