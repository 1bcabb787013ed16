/**
 * The invariants are what other tests rely on: here, each of them notices what it is there for.
 */
import { expect } from 'chai'
import type { Hedge, OtherAttempt } from '../../../src/core/hedge.ts'
import { checkMaster, checkWorker } from '../../../src/core/invariants.ts'
import { STRAGGLER_MIN_MS } from '../../../src/core/limits.ts'
import type { MasterState } from '../../../src/core/master/state.ts'
import type { WorkerView } from '../../../src/core/master/worker-view.ts'
import type { Task } from '../../../src/core/task.ts'
import type { MasterView } from '../../../src/core/worker/master-view.ts'
import type { WorkerState } from '../../../src/core/worker/state.ts'
import { aMaster, anyInputs, aResult, aWorker, ref, SPEC } from '../../support/machines.ts'

/** One task runs, one waits, and the worker has open credit and none to use it for. */
function aMasterState(): MasterState {
  const master = aMaster()
  master.joined('w', { credit: 1 })
  master.submit(2)
  master.hears('w', { type: 'started', attempts: [ref(1)] })
  return master.machine.state
}

function viewOf(state: MasterState): WorkerView {
  return [...state.workers.values()][0]!
}

function taskOf(state: MasterState, number: number): Task {
  return [...state.jobs.values()][0]!.tasks.get(number)!
}

/** Two attempts of task 1 run, one of task 2 does; tasks 3 to 6 have ended. */
function aHedgedState(): { task: Task; other: OtherAttempt; hedge: Hedge; state: MasterState } {
  const master = aMaster()
  master.joined('slow', { slots: 6, credit: 6 })
  master.submit(6, { hedge: true })
  const refs = [1, 2, 3, 4, 5, 6].map((task) => ref(task))
  master.hears('slow', { type: 'started', attempts: refs })
  master.hearsReport('slow', refs.slice(2), aResult('success', 100))
  master.joined('fast', { slots: 1, credit: 1 })
  master.passes(STRAGGLER_MIN_MS)
  const { state } = master.machine
  const task = taskOf(state, 1)
  const { hedge } = task.job
  return { task, other: hedge!.others.get(task)!, hedge: hedge!, state }
}

/** One task runs, one result waits to be accepted, one task is parked. */
function aWorkerState(): { state: WorkerState; view: MasterView } {
  const worker = aWorker({ slots: 2 })
  worker.joined('m', { slotsMax: 1 })
  worker.runsFast('m', 250)
  worker.hearsLeases('m', [ref(1_001), ref(1_002), ref(1_003)])
  worker.ends([...worker.machine.state.runs.keys()][0]!, aResult())
  const { state } = worker.machine
  return { state, view: [...state.masters.values()][0]! }
}

const MASTER: Record<string, (state: MasterState) => unknown> = {
  'waiting tasks are miscounted': (state) => state.waitingTasks++,
  'miscounts running': (state) => taskOf(state, 1).job.counts.running++,
  'is not served': (state) => state.plain.backlog.remove([...state.jobs.values()][0]!),
  'lives on after too many losses': (state) => (taskOf(state, 2).losses = 5),
  'holds a task that it does not': (state) => (taskOf(state, 1).worker = undefined),
  'is held and reported': (state) => (taskOf(state, 1).isReportDue = false),
  'tasks are held by nobody': (state) => viewOf(state).held.clear(),
  'nobody watches the lease': (state) => (viewOf(state).watchedAt = Infinity),
  'was leased more than its credit': (state) => (viewOf(state).used = 9),
  'is listed without credit': (state) => state.plain.idle.add(viewOf(state)),
  'idle without a free slot': (state) => {
    viewOf(state).credit = 9
    viewOf(state).slots = 1
    state.plain.idle.add(viewOf(state))
  },
  'busy with a free slot': (state) => {
    viewOf(state).credit = 9
    state.plain.idle.clear()
    state.plain.busy.add(viewOf(state))
  },
  'need not be told of work': (state) => state.plain.unaware.add(viewOf(state)),
  'is in two places': (state) => {
    state.plain.blocked.add(viewOf(state))
    viewOf(state).saidMore = false
    state.plain.unaware.add(viewOf(state))
  },
  'is taken for what it is not': (state) => state.plain.suitors.clear(),
  'does not know what it is good for': (state) => viewOf(state).needs.clear(),
  'slots of a need are miscounted': (state) => state.plain.slots++,
  'tasks of a need are miscounted': (state) => state.plain.waiting++,
  'jobs of a need are miscounted': (state) => state.plain.jobs++,
  'a need with work and workers is overlooked': (state) => state.open.clear(),
  'slots of large tasks are miscounted': (state) => viewOf(state).room.slotsTaken++,
  'in hand is miscounted': (state) => taskOf(state, 1).job.submitter.inHand++,
  'waits for nothing': (state) => (taskOf(state, 1).job.doom = 'so'),
  'waits for ever': (state) => taskOf(state, 1).job.awaits.set(7 as never, 'ok'),
  'slots are miscounted': (state) => state.connectedSlots++,
  'workers are miscounted': (state) => state.connectedWorkers++,
  'was told to a worker that does not know it': (state) => viewOf(state).knows.clear(),
  'more tasks than the bound': (state) => (taskOf(state, 1).job.lastTask = 2e8)
}

const HEDGED: Record<string, (parts: ReturnType<typeof aHedgedState>) => unknown> = {
  'is not double': ({ task }) => task.job.move(task, 'leased'),
  'are on one worker': ({ task, other }) => (task.worker = other.worker),
  'is not its own': ({ task }) => (task.attempt = 1),
  'are confused': ({ task, hedge }) => hedge.restoreLastAttempt(task, 3),
  'an attempt of task 1 is lost': ({ state }) => {
    const [slow, fast] = [...state.workers.values()]
    fast!.held.add(taskOf(state, 2))
    slow!.held.delete(taskOf(state, 1))
  },
  'does not run': ({ other }) => (other.hasStarted = false),
  'does not run alone': ({ task, hedge }) => hedge.noteRunning(task, 0),
  'running tasks are not watched': ({ state, hedge }) => hedge.noteOver(taskOf(state, 2)),
  'nobody looks for stragglers': ({ hedge }) => (hedge.lookAt = Infinity)
}

const WORKER: Record<string, (parts: { state: WorkerState; view: MasterView }) => unknown> = {
  'queued is miscounted': ({ state }) => state.queued++,
  'parked is miscounted': ({ state }) => state.parked++,
  'parked tasks are miscounted': ({ state, view }) => {
    state.parked++
    view.parked++
  },
  'bytes of results are miscounted': ({ view }) => view.resultBytes++,
  'reports are miscounted': ({ view }) => view.unaccepted.add({} as never),
  'slots that runs take are miscounted': ({ state }) => state.runs.clear(),
  'large runs are miscounted': ({ state }) => state.largeRuns++,
  'a run is lost': ({ state }) => {
    const [[run, held] = []] = state.runs
    state.runs.delete(run!)
    state.runs.set(99, held!)
  },
  'waits to be kept that is gone': ({ view }) => view.unkept.add({} as never),
  'results are never kept': ({ view }) => {
    for (const held of view.unaccepted) view.unkept.add(held)
  },
  'are miscounted': ({ view }) => [...view.jobs.values()][0]!.running++,
  'are lost': ({ view }) => view.parkedJobs.clear(),
  'tasks wait during a drain': ({ state }) => (state.isDraining = true),
  'more runs than slots': ({ state }) => {
    const [held] = [...state.runs.values()]
    for (let run = 100; run < 103; run++) state.runs.set(run, held!)
  }
}

describe('invariants', () => {
  it('have nothing to say about sound machines', () => {
    expect(() => checkMaster(aMasterState())).to.not.throw()
    expect(() => checkMaster(aHedgedState().state)).to.not.throw()
    expect(() => checkWorker(aWorkerState().state)).to.not.throw()
  })

  for (const [what, harm] of Object.entries(MASTER)) {
    it(`of a master notice: ${what}`, () => {
      const state = aMasterState()
      harm(state)
      expect(() => checkMaster(state)).to.throw(what)
    })
  }

  for (const [what, harm] of Object.entries(HEDGED)) {
    it(`of a master with two attempts of a task notice: ${what}`, () => {
      const parts = aHedgedState()
      harm(parts)
      expect(() => checkMaster(parts.state)).to.throw(what)
    })
  }

  for (const [what, harm] of Object.entries(WORKER)) {
    it(`of a worker notice: ${what}`, () => {
      const parts = aWorkerState()
      harm(parts)
      expect(() => checkWorker(parts.state)).to.throw(what)
    })
  }

  it('of a master notice a job that has ended and is kept', () => {
    const master = aMaster()
    const job = master.machine.nextJob
    const options = { priority: 0, retries: 0 }
    master.does({ type: 'submit', job, spec: SPEC, options })
    master.does({ type: 'add', job, inputs: anyInputs(0) })
    master.machine.state.jobs.get(job)!.isOpen = false
    expect(() => checkMaster(master.machine.state)).to.throw('has ended and is kept')
  })
})
