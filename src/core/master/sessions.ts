/**
 * What workers do: open a session, renew, report, leave, vanish.
 */
import { SLOTS_MAX, WORKERS_MAX } from '../limits.ts'
import type { Credit, HeldAttempt, WorkerMessage } from '../messages.ts'
import { emptyResult } from '../result.ts'
import type { Task } from '../task.ts'
import type { AttemptRef, JobId, Millis, NodeId } from '../types.ts'
import { adopt, begin, belongsTo, onProgress, onReport, onStarted } from './attempts.ts'
import { grant, grantAll, hasMoreFor, noteKnown } from './grant.ts'
import { conclude, lose, noteAdopted } from './outcome.ts'
import type { MasterState } from './state.ts'
import { WorkerView } from './worker-view.ts'

type Hold = Extract<WorkerMessage, { type: 'hold' }>

/** Opens a session: settles with the worker what it still has in hand. */
export function onHold(
  state: MasterState,
  worker: NodeId,
  session: number,
  hold: Hold,
  now: Millis
): void {
  const known = state.workers.get(worker)
  // A second copy, or of an older session that is over: only the newest counts.
  if (known?.session !== undefined && known.session >= session) return
  if (known === undefined && state.workers.size >= WORKERS_MAX) {
    state.disconnect(worker, session, 'this master serves as many workers as it can')
    return
  }
  const view = known ?? new WorkerView(worker, state.conducts.recall(worker, now))
  state.workers.set(worker, view)
  endSession(state, view, 'the worker opened a newer session')
  const isNew = view.boot !== hold.boot
  if (isNew && view.boot !== '') {
    loseAll(state, view, 'the worker was restarted', now, endedOf(state, view, hold.attempts))
    sayParted(state, view, 'the worker was restarted')
  }
  open(state, view, session, hold, now)
  const { canceled, ended } = reconcile(state, view, hold.attempts, now)
  state.watch(view)
  const { leaseMs, keepMs } = state.config
  state.send(view, { type: 'kept', canceled, leaseMs, keepMs })
  for (const job of ended) state.send(view, { type: 'forget', job })
  if (state.isDraining) state.send(view, { type: 'drain' })
  if (isNew) state.emit({ type: 'joined', worker, name: view.name, slots: view.slots })
  state.file(view, now)
  grantAll(state, now)
}

function open(
  state: MasterState,
  view: WorkerView,
  session: number,
  hold: Hold,
  now: Millis
): void {
  view.session = session
  view.boot = hold.boot
  view.name = hold.name
  view.slots = Math.min(hold.slots, SLOTS_MAX)
  view.labels = hold.labels ?? {}
  view.room.amounts = hold.amounts
  view.credit = hold.credit
  view.renewedAt = now
  state.connectedSlots += view.slots
  if (view.slots > 0) state.connectedWorkers++
  state.admit(view)
  state.watch(view)
}

/**
 * Compares what the worker has with what it should have. What it does not list never reached it,
 * and never will: it listens to the newest session only. Returns what it is to drop, and the jobs
 * that have ended.
 */
function reconcile(
  state: MasterState,
  view: WorkerView,
  attempts: readonly HeldAttempt[],
  now: Millis
): { canceled: AttemptRef[]; ended: Set<JobId> } {
  const missing = new Set(view.held)
  const canceled: AttemptRef[] = []
  const ended = new Set<JobId>()
  for (const { job: id, task: number, attempt, state: heldState } of attempts) {
    const job = state.jobs.get(id)
    if (job === undefined) ended.add(id)
    // Of what has only ended, an earlier run of the worker may have known the spec.
    else if (heldState !== 'ended') noteKnown(view, job)
    const task = job?.tasks.get(number)
    if (task === undefined || !belongsTo(task, attempt, view.id)) {
      canceled.push({ job: id, task: number, attempt })
      continue
    }
    missing.delete(task)
    if (task.state === 'waiting') {
      adopt(state, task, view)
      noteAdopted(state, task)
    }
    if (heldState !== 'queued') begin(state, task, view, now)
  }
  for (const task of missing) lose(state, task, view.id, 'the lease did not reach the worker', now)
  return { canceled, ended }
}

/** Handles every message but `hold`, of the session that is open. */
export function onMessage(
  state: MasterState,
  view: WorkerView,
  message: Exclude<WorkerMessage, Hold>,
  now: Millis
): void {
  switch (message.type) {
    case 'offer':
      takeCredit(view, message)
      // That nothing waits may still be on its way: then it is said again.
      if (message.more && view.openCredit > 0) view.saidMore = true
      grant(state, view, now)
      return
    case 'started':
      onStarted(state, view, message.attempts, now)
      return
    case 'progress':
      onProgress(state, view, message.progress)
      return
    case 'report':
      onReport(state, view, message.reports, now)
      return
    case 'renewal':
      onRenewal(state, view, message, now)
      return
    case 'output':
      // For those who follow a task: nothing depends on what they see.
      return
    case 'bye':
      onBye(state, view, now)
  }
}

function takeCredit(view: WorkerView, { credit, withdrawn }: Credit): void {
  view.credit = Math.max(view.credit, credit)
  view.withdrawn = Math.max(view.withdrawn, withdrawn)
}

/** Nothing comes after it: the stream is closed from here, too, whatever the worker does. */
function onBye(state: MasterState, view: WorkerView, now: Millis): void {
  if (view.session !== undefined) state.close(view.id, view.session)
  part(state, view)
  giveBackAll(state, view, now)
  forget(state, view, 'left', now)
  grantAll(state, now)
}

function onRenewal(
  state: MasterState,
  view: WorkerView,
  renewal: Extract<WorkerMessage, { type: 'renewal' }>,
  now: Millis
): void {
  if (!hasSeenInTime(state, view, renewal.seen, now)) {
    // A batch got lost although the session lives: a new session settles who has what.
    endSession(state, view, 'a batch of leases did not arrive')
    return
  }
  view.renewedAt = now
  takeCredit(view, renewal)
  grant(state, view, now)
  view.saidMore = hasMoreFor(state, view, now)
  state.send(view, { type: 'renewed', more: view.saidMore })
  state.file(view, now)
}

/** One batch is awaited at a time: once it has been seen, the last that was sent until then. */
function hasSeenInTime(state: MasterState, view: WorkerView, seen: number, now: Millis): boolean {
  const { awaited, batch } = view
  if (awaited === undefined) return true
  if (awaited.batch > seen) return awaited.sentAt + state.config.leaseMs > now
  view.awaited = seen < batch ? { batch, sentAt: now } : undefined
  return true
}

/** The stream ended: what the worker holds stays leased, until it is back or the lease ends. */
export function onDisconnected(
  state: MasterState,
  worker: NodeId,
  session: number,
  now: Millis
): void {
  const view = state.workers.get(worker)
  if (view?.session !== session) return
  part(state, view)
  if (view.held.size === 0) forget(state, view, 'the connection ended', now)
  // Tasks that avoid other workers may now have nobody else.
  grantAll(state, now)
}

/** The worker's leases have ended: it is silent, or gone. */
export function onExpiry(state: MasterState, view: WorkerView, now: Millis): void {
  endSession(state, view, 'its lease expired')
  loseAll(state, view, 'the lease expired', now)
  forget(state, view, 'its lease expired', now)
  grantAll(state, now)
}

function endSession(state: MasterState, view: WorkerView, reason: string): void {
  if (view.session === undefined) return
  state.disconnect(view.id, view.session, reason)
  part(state, view)
}

function forget(state: MasterState, view: WorkerView, reason: string, now: Millis): void {
  state.workers.delete(view.id)
  state.conducts.remember(view.id, view.conduct, now)
  sayParted(state, view, reason)
}

function sayParted(state: MasterState, view: WorkerView, reason: string): void {
  // After a restart of the master, leases may be known of a worker that has not come back.
  if (view.boot === '') return
  state.emit({ type: 'parted', worker: view.id, name: view.name, reason })
}

function part(state: MasterState, view: WorkerView): void {
  if (view.session === undefined) return
  for (const job of view.knows) state.jobs.get(job)?.toldWorkers.delete(view.id)
  view.endSession()
  state.connectedSlots -= view.slots
  if (view.slots > 0) state.connectedWorkers--
  state.dismiss(view)
}

/** It is leased nothing more, and ends what it has; or it is leased tasks like others again. */
export function onDrainWorker(
  state: MasterState,
  worker: NodeId,
  isDraining: boolean,
  now: Millis
): void {
  if (isDraining && state.drained.size < WORKERS_MAX) state.drained.add(worker)
  else if (!isDraining) state.drained.delete(worker)
  const view = state.workers.get(worker)
  if (view === undefined) return
  state.dismiss(view)
  state.admit(view)
  state.file(view, now)
  // Other masters may have the slots that it keeps for this one.
  if (isDraining) grant(state, view, now)
  // Tasks that waited for it, or avoid it, have to know.
  grantAll(state, now)
}

function loseAll(
  state: MasterState,
  view: WorkerView,
  reason: string,
  now: Millis,
  except?: ReadonlySet<Task>
): void {
  for (const task of [...view.held]) {
    if (except?.has(task) !== true) lose(state, task, view.id, reason, now)
  }
}

/** What the worker was leased, and has the results of. */
function endedOf(
  state: MasterState,
  view: WorkerView,
  attempts: readonly HeldAttempt[]
): Set<Task> {
  const ended = new Set<Task>()
  for (const { job, task: number, attempt, state: heldState } of attempts) {
    const task = state.jobs.get(job)?.tasks.get(number)
    if (heldState !== 'ended' || task === undefined) continue
    if (belongsTo(task, attempt, view.id)) ended.add(task)
  }
  return ended
}

/** A worker that says goodbye has stopped what it ran: that is nobody's fault. */
function giveBackAll(state: MasterState, view: WorkerView, now: Millis): void {
  const result = emptyResult('returned', 'the worker left')
  for (const task of [...view.held]) conclude(state, task, view, result, now)
}
