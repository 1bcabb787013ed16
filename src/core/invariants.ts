/**
 * What is true of the machines after every event. Tests and the simulator call these; they look
 * at everything, so nothing else does.
 */
import { assert } from './assert.ts'
import { HELD_TASKS_MAX, LOSSES_MAX } from './limits.ts'
import type { MasterState } from './master/state.ts'
import type { WorkerState } from './worker/state.ts'

/** Throws when a master's books do not agree with one another. */
export function checkMaster(state: MasterState): void {
  let waiting = 0
  for (const job of state.jobs.values()) {
    const live = { waiting: 0, leased: 0, running: 0, retrying: 0 }
    for (const task of job.tasks.values()) {
      assert(task.state in live, `an ended task ${task.number} is kept`)
      live[task.state as keyof typeof live]++
      assert(task.losses < LOSSES_MAX, `task ${task.number} lives on after too many losses`)
      if (!task.isHeld) continue
      const holder = task.worker === undefined ? undefined : state.workers.get(task.worker)
      assert(holder?.held.has(task) === true, `task ${task.number} is held by nobody`)
      assert(task.isReportDue, `task ${task.number} is held and reported`)
    }
    for (const [name, count] of Object.entries(live)) {
      assert(job.counts[name as keyof typeof live] === count, `job ${job.id} miscounts ${name}`)
    }
    waiting += live.waiting
    assert(live.waiting === 0 || state.backlog.includes(job), `job ${job.id} is not served`)
    assert(!job.hasEnded, `job ${job.id} has ended and is kept`)
  }
  assert(waiting === state.waitingTasks, 'waiting tasks are miscounted')
  checkWorkers(state)
}

function checkWorkers(state: MasterState): void {
  let slots = 0
  let connected = 0
  for (const view of state.workers.values()) {
    for (const task of view.held) {
      assert(task.isHeld && task.worker === view.id, `${view.id} holds a task that it does not`)
      assert(view.isWatched, `${view.id} holds tasks and nobody watches its lease`)
    }
    assert(view.leased <= view.credit, `${view.id} was leased more than its credit`)
    assert(!(state.idle.has(view) && state.busy.has(view)), `${view.id} is idle and busy`)
    if (view.session === undefined) continue
    slots += view.slots
    if (view.slots > 0) connected++
  }
  for (const view of [...state.idle, ...state.busy]) {
    assert(view.openCredit > 0, `${view.id} is listed without credit`)
    assert(state.workers.get(view.id) === view, `${view.id} is listed and forgotten`)
  }
  assert(slots === state.connectedSlots, 'slots are miscounted')
  assert(connected === state.connectedWorkers, 'workers are miscounted')
}

/** Throws when a worker's books do not agree with one another, or it runs more than its slots. */
export function checkWorker(state: WorkerState): void {
  assert(state.runs.size <= state.config.slots, 'more runs than slots')
  let queued = 0
  for (const view of state.masters.values()) {
    const count = { queued: 0, running: 0, ended: 0, dropped: 0 }
    for (const job of view.jobs.values()) {
      for (const held of job.held.values()) {
        count[held.state]++
        assert(held.state !== 'ended' || view.unaccepted.has(held), 'a result is not kept')
        assert(held.state !== 'running' || state.runs.get(held.run) === held, 'a run is lost')
      }
    }
    assert(count.dropped === 0, 'a dropped attempt is still held')
    assert(count.queued === view.queued, `${view.id}: queued tasks are miscounted`)
    assert(count.ended === view.unaccepted.size, `${view.id}: reports are miscounted`)
    queued += view.queued
  }
  assert(queued === state.queued, 'queued tasks are miscounted')
  assert(state.heldTasks <= 2 * HELD_TASKS_MAX, 'more tasks held than the bound')
  assert(state.queued === 0 || !state.isDraining, 'tasks are queued during a drain')
}
