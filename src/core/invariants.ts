/**
 * What is true of the machines after every event. Tests and the simulator call these; they look
 * at everything, so nothing else does.
 */
import {
  CONDUCTS_MAX,
  HELD_TASKS_MAX,
  JOBS_MAX,
  LOSSES_MAX,
  MASTERS_MAX,
  READS_MAX,
  TASKS_MAX,
  WORKERS_MAX
} from './limits.ts'
import { Room } from './abilities.ts'
import type { Demand } from './abilities.ts'
import { inlineBytesOf } from './result.ts'
import type { Job } from './job.ts'
import { PLACES } from './master/need.ts'
import type { Need } from './master/need.ts'
import type { MasterState } from './master/state.ts'
import type { Submitter } from './master/submitter.ts'
import type { WorkerView } from './master/worker-view.ts'
import type { MasterView } from './worker/master-view.ts'
import type { WorkerState } from './worker/state.ts'

/** Throws when a master's books do not agree with one another. */
export function checkMaster(state: MasterState): void {
  let waiting = 0
  let held = 0
  for (const job of state.jobs.values()) {
    checkJob(state, job)
    waiting += job.counts.waiting
    held += job.counts.leased + job.counts.running + (job.hedge?.others.size ?? 0)
  }
  if (waiting !== state.waitingTasks) broken('waiting tasks are miscounted')
  // An attempt has one worker: when the numbers agree, so do the sets.
  for (const view of state.workers.values()) held -= view.held.size
  if (held !== 0) broken(`${held} tasks are held by nobody`)
  checkSubmitters(state)
  if (state.jobs.size > JOBS_MAX) broken('more jobs than the bound')
  if (state.workers.size > WORKERS_MAX) broken('more workers than the bound')
  if (state.conducts.size > CONDUCTS_MAX) broken('more conducts than the bound')
  checkWorkers(state)
}

function checkSubmitters({ submitters, jobs, workers }: MasterState): void {
  const inHand = new Map<Submitter, number>()
  for (const { held } of workers.values()) {
    for (const { job } of held) {
      inHand.set(job.submitter, (inHand.get(job.submitter) ?? 0) + job.width)
    }
  }
  const known = new Set([...jobs.values()].map(({ submitter }) => submitter))
  for (const submitter of submitters.values()) {
    if (!known.has(submitter)) broken(`${submitter.name} is remembered without a job`)
    if (submitter.inHand !== (inHand.get(submitter) ?? 0)) {
      broken(`what ${submitter.name} has in hand is miscounted`)
    }
  }
}

function checkJob(state: MasterState, job: Job): void {
  const live = { waiting: 0, leased: 0, running: 0, retrying: 0 }
  for (const task of job.tasks.values()) {
    const { state: name } = task
    if (name === 'waiting' || name === 'leased' || name === 'running' || name === 'retrying') {
      live[name]++
    } else broken(`an ended task ${task.number} is kept`)
    if (task.losses >= LOSSES_MAX) broken(`task ${task.number} lives on after too many losses`)
  }
  for (const name of ['waiting', 'leased', 'running', 'retrying'] as const) {
    if (job.counts[name] !== live[name]) broken(`job ${job.id} miscounts ${name}`)
  }
  const isListed = job.need.backlog.has(job)
  if (isListed !== (job.isServed && live.waiting > 0)) broken(`job ${job.id} is not served`)
  for (const awaited of job.awaits.keys()) {
    if (state.awaiters.get(awaited)?.has(job) !== true) broken(`job ${job.id} waits for ever`)
  }
  if (job.isServed !== (job.awaits.size === 0 && job.doom === undefined)) {
    broken(`job ${job.id} waits for nothing`)
  }
  if (job.doom !== undefined && live.waiting + live.leased + live.running > 0) {
    broken(`job ${job.id} is given up and goes on`)
  }
  checkHedge(state, job)
  if (job.hasEnded) broken(`job ${job.id} has ended and is kept`)
  if (job.lastTask > TASKS_MAX) broken(`job ${job.id} has more tasks than the bound`)
  if (job.waiting.entries > 3 * job.lastTask) broken(`waiting tasks of job ${job.id} pile up`)
  for (const worker of job.toldWorkers) {
    if (state.workers.get(worker)?.knows.has(job.id) !== true) {
      broken(`job ${job.id} was told to a worker that does not know it`)
    }
  }
}

function checkHedge(state: MasterState, { tasks, hedge }: Job): void {
  if (hedge === undefined) return
  for (const [task, other] of hedge.others) {
    const { number, state: name, attempt, worker, lastAttempt } = task
    if (tasks.get(number) !== task || name !== 'running') broken(`task ${number} is not double`)
    if (other.worker === worker) broken(`both attempts of task ${number} are on one worker`)
    if (other.attempt >= attempt) broken(`the newer attempt of task ${number} is not its own`)
    if (lastAttempt !== attempt) broken(`numbers of task ${number} are confused`)
    const view = state.workers.get(other.worker)
    if (view?.held.has(task) !== true) broken(`an attempt of task ${number} is lost`)
    if (!other.hasStarted && !other.hasOwnStarted) broken(`task ${number} does not run`)
  }
  let alone = 0
  for (const task of tasks.values()) if (task.state === 'running' && !task.isDouble) alone++
  for (const task of hedge.running.keys()) {
    if (tasks.get(task.number) !== task || task.state !== 'running' || task.isDouble) {
      broken(`task ${task.number} does not run alone`)
    }
  }
  if (alone !== hedge.running.size) broken('running tasks are not watched')
  if (alone > 0 && hedge.lookAt === Infinity) broken('nobody looks for stragglers')
}

function checkWorkers(state: MasterState): void {
  let slots = 0
  let connected = 0
  for (const view of state.workers.values()) {
    checkWorkerView(state, view)
    if (view.session === undefined) continue
    slots += view.slots
    if (view.slots > 0) connected++
  }
  for (const need of state.needs.values()) checkNeed(state, need)
  if (slots !== state.connectedSlots) broken('slots are miscounted')
  if (connected !== state.connectedWorkers) broken('workers are miscounted')
}

function checkWorkerView(state: MasterState, view: WorkerView): void {
  let taken = 0
  for (const task of view.held) {
    const { demand } = task.job.need
    if (demand !== undefined) taken += demand.slots
    const isOwn = task.worker === view.id
    const isOther = task.job.hedge?.others.get(task)?.worker === view.id
    if (!task.isHeld || !(isOwn || isOther)) broken(`${view.id} holds a task that it does not`)
    if (!task.isReportDue) broken(`task ${task.number} is held and reported`)
  }
  if (taken !== view.room.slotsTaken) broken(`${view.id}: slots of large tasks are miscounted`)
  if (view.watchedAt > state.expiryOf(view)) broken(`nobody watches the lease of ${view.id}`)
  if (view.used > view.credit) broken(`${view.id} was leased more than its credit`)
  if (view.held.size > 2 * HELD_TASKS_MAX) broken(`${view.id} holds more than the bound`)
}

function checkNeed(state: MasterState, need: Need): void {
  for (const place of [need.idle, need.busy]) {
    for (const view of place) {
      if (view.openCredit <= 0) broken(`${view.id} is listed without credit`)
    }
  }
  for (const view of need.idle) {
    if (view.freeSlots === 0) broken(`${view.id} is listed as idle without a free slot`)
  }
  for (const view of need.busy) {
    if (view.freeSlots > 0) broken(`${view.id} is listed as busy with a free slot`)
  }
  for (const view of need.unaware) {
    if (view.openCredit > 0 || view.saidMore) broken(`${view.id} need not be told of work`)
  }
  checkPlaces(state, need)
  checkSuitors(state, need)
  const jobs = [...state.jobs.values()].filter((job) => job.need === need)
  const served = jobs.filter(({ isServed }) => isServed)
  const waiting = served.reduce((sum, { counts }) => sum + counts.waiting, 0)
  if (waiting !== need.waiting) broken(`tasks of a need are miscounted`)
  if (jobs.length !== need.jobs) broken('jobs of a need are miscounted')
  if (need.jobs === 0 && need !== state.plain) broken('a need that nobody has is kept')
  const isOpen = waiting > 0 && need.suitors.size > 0
  if (isOpen !== state.open.has(need)) broken('a need with work and workers is overlooked')
}

function checkPlaces({ workers }: MasterState, need: Need): void {
  for (const [at, place] of PLACES.entries()) {
    for (const view of need[place]) {
      if (PLACES.some((other, after) => after > at && need[other].has(view))) {
        broken(`${view.id} is in two places`)
      }
      if (workers.get(view.id) !== view) broken(`${view.id} is listed and forgotten`)
      if (view.session === undefined) broken(`${view.id} is listed without a session`)
      if (!need.suitors.has(view)) broken(`${view.id} is listed and does not suit`)
    }
  }
}

function checkSuitors({ workers, drained }: MasterState, need: Need): void {
  let slots = 0
  for (const view of workers.values()) {
    const mayServe = view.session !== undefined && view.slots > 0 && !drained.has(view.id)
    const suits = mayServe && need.suits(view)
    if (suits !== need.suitors.has(view)) broken(`${view.id} is taken for what it is not`)
    if (suits !== view.needs.has(need)) broken(`${view.id} does not know what it is good for`)
    if (suits) slots += view.slots
  }
  if (slots !== need.slots) broken('slots of a need are miscounted')
}

/** Throws when a worker's books do not agree with one another, or it runs more than its slots. */
export function checkWorker(state: WorkerState): void {
  checkRoom(state)
  if (state.room.slotsTaken > state.config.slots && state.runsOfKind.size > 1) checkOneKind(state)
  const sums = { queued: 0, parked: 0 }
  for (const view of state.masters.values()) {
    checkMasterView(state, view)
    sums.queued += view.queued
    sums.parked += view.parked
  }
  for (const name of ['queued', 'parked'] as const) {
    if (sums[name] !== state[name]) broken(`${name} is miscounted: ${state[name]}, ${sums[name]}`)
  }
  if (state.masters.size > MASTERS_MAX) broken('more masters than the bound')
  if (state.queued + state.parked > 0 && state.isDraining) broken('tasks wait during a drain')
  checkReads(state)
}

function checkReads(state: WorkerState): void {
  let reads = 0
  for (const view of state.masters.values()) {
    reads += view.reads.size
    if (view.reads.size > READS_MAX) broken(`${view.id} reads more than the bound`)
    if (view.session === undefined && view.reads.size > 0) broken(`nobody hears ${view.id} read`)
    for (const { run } of view.reads.values()) {
      if (state.runs.get(run)?.view !== view) broken(`${view.id} reads what is not its own`)
    }
  }
  if (reads !== state.reads.size) broken('reads are miscounted')
}

/** What has begun fits: into the slots, and into everything else there is. */
function checkRoom({ runs, room, config, largeRuns }: WorkerState): void {
  const all = new Room(config.slots, config.amounts ?? {})
  let begun = 0
  const large: Demand[] = []
  for (const { job, isAhead } of runs.values()) {
    if (!isAhead) begun += job.width
    all.take(job.demand)
    if (job.demand !== undefined) large.push(job.demand)
  }
  if (begun > config.slots) broken('more runs than slots')
  if (large.length !== largeRuns) broken('large runs are miscounted')
  if (all.slotsTaken !== room.slotsTaken) broken('slots that runs take are miscounted')
  // Beside a large one, nothing is handed over ahead either.
  if (!large.every((demand) => all.isSound(demand))) broken('more is taken than there is')
}

function checkOneKind({ runsOfKind }: WorkerState): void {
  const busy = [...runsOfKind.values()].filter((runs) => runs > 0)
  if (busy.length > 1) broken('executors of two kinds have more runs than slots')
}

function checkMasterView(state: WorkerState, view: MasterView): void {
  const count = { queued: 0, parked: 0, running: 0, ended: 0, dropped: 0 }
  for (const job of view.jobs.values()) {
    let running = 0
    for (const held of job.held.values()) {
      count[held.state]++
      if (held.state === 'ended' && !view.unaccepted.has(held)) broken('a result is not kept')
      if (held.state !== 'running') continue
      running++
      if (state.runs.get(held.run) !== held) broken('a run is lost')
    }
    if (running !== job.running) broken(`${view.id}: runs of job ${job.id} are miscounted`)
    const slotsMax = job.spec?.slotsMax ?? Infinity
    if (slotsMax < state.config.slots && running > slotsMax) broken(`job ${job.id} runs too often`)
    if (job.parkedTasks > 0 && !view.parkedJobs.has(job)) broken(`tasks of ${job.id} are lost`)
  }
  if (count.dropped > 0) broken('a dropped attempt is still held')
  if (count.parked !== view.parked) broken(`${view.id}: parked tasks are miscounted`)
  let bytes = 0
  for (const { result } of view.unaccepted) if (result) bytes += inlineBytesOf(result)
  for (const held of view.unkept) {
    if (!view.unaccepted.has(held)) broken(`${view.id}: a result waits to be kept that is gone`)
  }
  if (view.unkept.size > 0 && view.keepAt === Infinity) broken('results are never kept')
  if (bytes !== view.resultBytes) broken(`${view.id}: bytes of results are miscounted`)
  if (view.heldTasks > 2 * HELD_TASKS_MAX) broken(`${view.id} has more tasks than the bound`)
  if (view.jobs.size > JOBS_MAX) broken(`${view.id} has more jobs than the bound`)
  if (count.queued !== view.queued) broken(`${view.id}: queued tasks are miscounted`)
  if (count.ended !== view.unaccepted.size) broken(`${view.id}: reports are miscounted`)
}

function broken(what: string): never {
  throw new Error(`bug in p2pjobs: ${what}`)
}
