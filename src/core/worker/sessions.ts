/**
 * What masters do: open a session, lease, cancel, accept, drain, vanish.
 */
import { unreachable } from '../assert.ts'
import { HELD_TASKS_MAX, JOBS_MAX, KEEP_DURABLE_MS, MASTERS_MAX } from '../limits.ts'
import type { Lease, MasterMessage } from '../messages.ts'
import { emptyResult } from '../result.ts'
import type { Spec } from '../spec.ts'
import type { AttemptRef, JobId, Millis, NodeId } from '../types.ts'
import { firstCredit } from './credit.ts'
import { keepAll } from './keeping.ts'
import { HeldJob, MasterView } from './master-view.ts'
import type { Held } from './master-view.ts'
import { enqueue } from './queues.ts'
import { dropReads, onRead } from './reads.ts'
import { conclude, drop, forgetJob, report } from './runs.ts'
import { attemptsOf } from './state.ts'
import type { WorkerState } from './state.ts'

/** Batches that may arrive before an earlier one; more means that one got lost. */
const AHEAD_MAX = 64

export function onConnected(
  state: WorkerState,
  id: NodeId,
  epoch: string,
  session: number,
  now: Millis
): void {
  const view = viewFor(state, id, epoch)
  if (view !== undefined) {
    open(state, view, session, now)
    return
  }
  const reason = 'this worker serves as many masters as it can'
  state.push({ type: 'disconnect', master: id, session, reason })
}

/** What is held for this epoch of a master; undefined when there are too many masters already. */
export function viewFor(state: WorkerState, id: NodeId, epoch: string): MasterView | undefined {
  const known = state.masters.get(id)
  if (known?.epoch === epoch) return known
  if (known !== undefined) abandon(state, known)
  if (state.masters.size >= MASTERS_MAX) return undefined
  const view = new MasterView(id, epoch)
  state.masters.set(id, view)
  return view
}

function open(state: WorkerState, view: MasterView, session: number, now: Millis): void {
  const { boot, name, slots, labels = {}, amounts = {} } = state.config
  view.session = session
  view.isSettled = false
  view.isHungry = false
  view.isDraining = false
  view.lastBatch = 0
  view.seen = 0
  view.ahead.clear()
  view.used = 0
  view.renewed = { used: 0, openCredit: 0 }
  view.withdrawn = 0
  view.surplusSince = undefined
  view.isAsked = false
  dropReads(state, view)
  view.heardAt = now
  view.renewedAt = now
  view.credit = firstCredit(state)
  // The master sends every spec anew but those of what is going on, and says when such a job has
  // ended: of any other job, nobody would say so.
  for (const job of view.jobs.values()) {
    if ([...job.held.values()].every(({ state: name }) => name === 'ended')) job.spec = undefined
    forgetJob(view, job)
  }
  const { credit } = view
  const attempts = attemptsOf(view)
  state.send(view, { type: 'hold', boot, name, slots, credit, attempts, labels, amounts })
}

export function onDisconnected(state: WorkerState, id: NodeId, session: number, now: Millis): void {
  const view = state.masters.get(id)
  if (view?.session === session) close(state, view, now)
}

function close(state: WorkerState, view: MasterView, now: Millis): void {
  view.session = undefined
  view.isSettled = false
  view.isHungry = false
  view.isAsked = false
  dropReads(state, view)
  view.lostAt = now
  keepAll(state, view)
  if (view.heldTasks === 0) state.masters.delete(view.id)
}

/** Ends a session that does not work: a new one settles who has what. */
export function reset(state: WorkerState, view: MasterView, reason: string, now: Millis): void {
  if (view.session === undefined) return
  state.push({ type: 'disconnect', master: view.id, session: view.session, reason })
  close(state, view, now)
}

/** The master, or its record, is gone for good: nobody will ask for what is held. */
export function abandon(state: WorkerState, view: MasterView): void {
  for (const job of [...view.jobs.values()]) {
    for (const held of [...job.held.values()]) drop(state, held)
  }
  dropReads(state, view)
  state.masters.delete(view.id)
}

export function onMessage(
  state: WorkerState,
  view: MasterView,
  message: MasterMessage,
  now: Millis
): void {
  view.heardAt = now
  switch (message.type) {
    case 'kept':
      onKept(state, view, message, now)
      return
    case 'spec':
      onSpec(state, view, message.job, message.spec, now)
      return
    case 'leases':
      onLeases(state, view, message, now)
      return
    case 'cancel':
      dropAll(state, view, message.attempts)
      return
    case 'accepted':
      onAccepted(state, view, message.attempts)
      return
    case 'renewed':
      view.isHungry = message.more
      return
    case 'read':
      onRead(state, view, heldOf(view, message), message)
      return
    case 'forget': {
      const job = view.jobs.get(message.job)
      if (job === undefined) return
      job.isOver = true
      forgetJob(view, job)
      return
    }
    case 'drain':
      view.isDraining = true
      return
    default:
      unreachable(message)
  }
}

type Kept = Extract<MasterMessage, { type: 'kept' }>

function onKept(state: WorkerState, view: MasterView, message: Kept, now: Millis): void {
  view.leaseMs = message.leaseMs
  view.keepMs = Math.min(message.keepMs, KEEP_DURABLE_MS)
  dropAll(state, view, message.canceled)
  view.isSettled = true
  report(state, view, [...view.unaccepted], now)
}

function onSpec(state: WorkerState, view: MasterView, id: JobId, spec: Spec, now: Millis): void {
  const job = view.jobs.get(id)
  // A job's spec is always the same; every session begins with it anew.
  if (job !== undefined) job.spec ??= spec
  else if (view.jobs.size < JOBS_MAX) view.jobs.set(id, new HeldJob(id, spec))
  else reset(state, view, 'more jobs than this worker keeps', now)
}

type Leases = Extract<MasterMessage, { type: 'leases' }>

function onLeases(state: WorkerState, view: MasterView, message: Leases, now: Millis): void {
  const { batch, leases } = message
  // More than it was given it cannot have used.
  view.used = Math.max(view.used, Math.min(message.used, view.credit))
  if (view.openCredit <= 0) view.isAsked = false
  // Of what came late, `more` is out of date.
  if (batch >= view.lastBatch) {
    view.isHungry = message.more
    if (!message.more) view.isAsked = false
  }
  view.lastBatch = Math.max(view.lastBatch, batch)
  if (leases.length === 0) return
  if (batch <= view.seen || view.ahead.has(batch)) return
  view.ahead.add(batch)
  while (view.ahead.delete(view.seen + 1)) view.seen++
  for (const lease of leases) {
    if (take(state, view, lease, now)) continue
    reset(state, view, 'a lease came without its spec, or beyond every bound', now)
    return
  }
  if (view.ahead.size > AHEAD_MAX) reset(state, view, 'a batch of leases got lost', now)
}

/** Puts one leased attempt into its queue; false when it cannot be kept. */
function take(state: WorkerState, view: MasterView, lease: Lease, now: Millis): boolean {
  const job = view.jobs.get(lease.job)
  if (job?.spec === undefined || view.heldTasks >= 2 * HELD_TASKS_MAX) return false
  const old = job.held.get(lease.task)
  if (old !== undefined && old.ref.attempt >= lease.attempt) return true
  // Its master gave the old attempt up, and leases the task anew.
  if (old !== undefined) drop(state, old)
  const { task, attempt, input } = lease
  const held: Held = {
    view,
    job,
    ref: { job: job.id, task, attempt },
    input,
    order: state.nextOrder++,
    arrivedAt: state.nextRun,
    state: 'queued',
    run: 0,
    kind: undefined,
    isAhead: false,
    isRecalled: false,
    stopping: undefined,
    result: undefined,
    endedAt: 0,
    reportedAt: 0
  }
  // Dropping the last attempt of a job that is over forgets the job; a new lease revives it.
  view.jobs.set(job.id, job)
  job.held.set(task, held)
  if (job.demand === undefined || state.room.holds(job.demand)) enqueue(state, held)
  else refuse(state, held, now)
  return true
}

/** It would wait for ever. */
function refuse(state: WorkerState, held: Held, now: Millis): void {
  conclude(held, emptyResult('refused', 'it takes more than this worker has'))
  report(state, held.view, [held], now)
}

function onAccepted(state: WorkerState, view: MasterView, attempts: readonly AttemptRef[]): void {
  for (const ref of attempts) {
    const held = heldOf(view, ref)
    if (held?.state === 'ended') drop(state, held)
  }
}

function dropAll(state: WorkerState, view: MasterView, attempts: readonly AttemptRef[]): void {
  for (const ref of attempts) {
    const held = heldOf(view, ref)
    if (held !== undefined) drop(state, held)
  }
}

function heldOf(view: MasterView, ref: AttemptRef): Held | undefined {
  const held = view.jobs.get(ref.job)?.held.get(ref.task)
  return held?.ref.attempt === ref.attempt ? held : undefined
}
