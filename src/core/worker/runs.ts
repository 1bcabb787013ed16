/**
 * Attempts in hand: queued, started, ended, dropped.
 */
import type { Report } from '../messages.ts'
import { COMPANY_MS, INLINE_BYTES_MAX, PREFETCH_MS, REPORT_COMPANY_MS } from '../limits.ts'
import { inlineBytesOf } from '../result.ts'
import type { Result } from '../result.ts'
import { inMessages } from '../split.ts'
import { payloadBytes } from '../types.ts'
import type { Millis } from '../types.ts'
import { claimOf, goesBefore, mayPass } from './claims.ts'
import type { Claim } from './claims.ts'
import { keepEnded } from './keeping.ts'
import { specOf } from './master-view.ts'
import type { Held, HeldJob, MasterView } from './master-view.ts'
import { firstOf, unqueue } from './queues.ts'
import { endReads } from './reads.ts'
import type { WorkerState } from './state.ts'

/** A report does not wait for fewer others than these. */
const COMPANY_MIN = 10

/** Hands queued tasks to the executor while it has room, those of the master with the fewest first. */
export function startQueued(state: WorkerState, now: Millis): void {
  if (!state.takesMore) return
  const started = new Map<MasterView, Held[]>()
  let isFilling = false
  while (state.queued + state.parked > 0) {
    const held = nextToStart(state)
    if (held === undefined || !state.hasRoomFor(specOf(held.job).kind, isFilling, now)) break
    isFilling = true
    start(state, held, now)
    if (held.isAhead) continue
    const list = started.get(held.view) ?? []
    if (list.push(held) === 1) started.set(held.view, list)
  }
  for (const [view, list] of started) tellStarted(state, view, list, now)
}

/** What starts next, if anything may: what has a claim that is due, or nothing but that. */
function nextToStart(state: WorkerState): Held | undefined {
  const claim = claimOf(state)
  if (claim?.isDue === true) return state.room.hasSlots(claim.demand) ? claim.held : undefined
  const passes = (held: Held): boolean => mayPass(state, held, claim)
  let best: Held | undefined
  for (const view of state.masters.values()) {
    if (view.queued + view.parked === 0) continue
    const held = firstOf(state, view, passes)
    if (held !== undefined && (best === undefined || goesBefore(view, best.view))) best = held
  }
  return best ?? dueAfterAll(state, claim)
}

/** It stood back for tasks that have turned out to be more than their jobs may run here. */
function dueAfterAll(state: WorkerState, claim: Claim | undefined): Held | undefined {
  if (claim === undefined || claimOf(state)?.isDue !== true) return undefined
  return state.room.hasSlots(claim.demand) ? claim.held : undefined
}

function start(state: WorkerState, held: Held, now: Millis): void {
  const { view, job, input } = held
  const { task, attempt } = held.ref
  const run = state.nextRun++
  unqueue(state, held)
  job.running++
  view.running++
  view.width += job.width
  view.servedAt = run
  held.state = 'running'
  held.run = run
  held.isAhead = state.room.slotsTaken >= state.room.slots
  state.addRun(held)
  if (!held.isAhead) limitTime(state, held, now)
  const { id: master } = view
  state.push({ type: 'start', run, master, spec: specOf(job), input, job: job.id, task, attempt })
}

/** The executor has begun with runs that it was given ahead of time. */
export function onStarted(state: WorkerState, runs: readonly number[], now: Millis): void {
  const started = new Map<MasterView, Held[]>()
  for (const run of runs) {
    const held = state.runs.get(run)
    if (held?.isAhead !== true) continue
    held.isAhead = false
    if (held.state !== 'running') continue
    limitTime(state, held, now)
    const list = started.get(held.view) ?? []
    if (list.push(held) === 1) started.set(held.view, list)
  }
  for (const [view, list] of started) tellStarted(state, view, list, now)
}

/**
 * What may kill this worker has to be known to have started here. Where others of its job have just
 * ended well enough, the master can hear of it together with something else.
 */
function tellStarted(
  state: WorkerState,
  view: MasterView,
  started: readonly Held[],
  now: Millis
): void {
  const attempts = started.map(({ ref }) => ref)
  const isKnown = started.every(({ job }) => job.speed.recent(now) > 0)
  state.send(view, { type: 'started', attempts }, isKnown ? COMPANY_MS : 0)
}

function limitTime(state: WorkerState, { run, job }: Held, now: Millis): void {
  const timeoutMs = job.spec?.timeoutMs
  if (timeoutMs !== undefined) state.limitTime(run, now + timeoutMs)
}

/** Passes on what a running task says of itself; nobody misses what gets lost. */
export function onProgress(state: WorkerState, run: number, value: Uint8Array): void {
  const held = state.runs.get(run)
  if (held?.state !== 'running' || value.length > INLINE_BYTES_MAX) return
  state.send(held.view, { type: 'progress', progress: [{ ...held.ref, value }] })
}

/** The executor has ended runs: their slots are free, and their masters get reports. */
export function onEnded(
  state: WorkerState,
  ends: readonly { run: number; result: Result }[],
  now: Millis
): void {
  const ended = new Map<MasterView, Held[]>()
  for (const { run, result } of ends) {
    const held = state.runs.get(run)
    if (held === undefined) continue
    state.removeRun(held)
    endReads(state, run)
    held.view.running--
    held.view.width -= held.job.width
    // What came back unbegun says nothing about how fast tasks are.
    if (result.outcome !== 'returned') {
      state.speed.count(1, now)
      held.job.speed.count(1, now)
    }
    if (held.state === 'dropped') {
      release(state, held, result)
      continue
    }
    held.job.running--
    conclude(held, resultOf(held, result))
    held.endedAt = now
    const list = ended.get(held.view) ?? []
    if (list.push(held) === 1) ended.set(held.view, list)
  }
  for (const [view, list] of ended) {
    report(state, view, list, now, hasPlenty(state, view, now) ? REPORT_COMPANY_MS : 0)
    keepEnded(state, view, list, now)
  }
}

/** Nothing more happens to the attempt; its result is kept until its master has accepted it. */
export function conclude(held: Held, result: Result): void {
  held.state = 'ended'
  held.result = result
  held.view.unaccepted.add(held)
  held.view.resultBytes += inlineBytesOf(result)
}

/** The executor knows that it stopped a run, the machine knows why. */
function resultOf(held: Held, result: Result): Result {
  if (held.stopping === 'timeout' && result.outcome === 'failure') {
    const seconds = (held.job.spec?.timeoutMs ?? 0) / 1000
    return {
      ...result,
      outcome: 'timeout',
      reason: `ran longer than its time limit of ${seconds} s`
    }
  }
  if (held.stopping === 'leaving' && result.outcome !== 'success') {
    return { ...result, outcome: 'returned', reason: 'the worker left' }
  }
  return result
}

/** Sends reports, for the first time or again. They are kept until they are accepted. */
export function report(
  state: WorkerState,
  view: MasterView,
  ended: readonly Held[],
  now: Millis,
  patienceMs: Millis = 0
): void {
  if (!view.isSettled) return
  const reports: Report[] = []
  for (const held of ended) {
    if (held.result === undefined) continue
    held.reportedAt = now
    // Behind the others, so that the oldest unanswered report stays the first.
    view.unaccepted.delete(held)
    view.unaccepted.add(held)
    const { job, task, attempt } = held.ref
    reports.push({ job, task, attempt, result: held.result })
  }
  for (const part of inMessages(reports, reportBytes)) {
    state.send(view, { type: 'report', reports: part }, patienceMs)
  }
}

/**
 * So much of this master's work is left that it need not hear soon of what has been done: half of
 * what is worth having in hand, of tasks of which many end within the time that a report waits.
 */
function hasPlenty(state: WorkerState, view: MasterView, now: Millis): boolean {
  const recent = state.speed.recent(now)
  const company = (recent * REPORT_COMPANY_MS) / PREFETCH_MS
  if (state.isDraining || company < COMPANY_MIN) return false
  return 2 * (view.queued + view.running) >= recent
}

function reportBytes({ result }: Report): number {
  const { stdout, stderr, value } = result
  return payloadBytes(stdout) + payloadBytes(stderr) + payloadBytes(value)
}

/** Ends runs that have reached their time limit. */
export function onTimeLimits(state: WorkerState, now: Millis): void {
  const { timeLimits } = state
  for (let due = timeLimits.peek(); due !== undefined && due.at <= now; due = timeLimits.peek()) {
    timeLimits.pop()
    const held = state.runs.get(due.run)
    if (held?.state !== 'running' || held.stopping !== undefined) continue
    held.stopping = 'timeout'
    state.push({ type: 'stop', run: due.run })
  }
}

/** Nobody wants the attempt any more, whatever it has come to. */
export function drop(state: WorkerState, held: Held): void {
  const { view, job } = held
  if (held.state === 'running') {
    job.running--
    state.push({ type: 'stop', run: held.run })
  } else if (held.result !== undefined) {
    view.resultBytes -= inlineBytesOf(held.result)
    if (held.run > 0) release(state, held, held.result)
  } else unqueue(state, held)
  view.unaccepted.delete(held)
  view.unkept.delete(held)
  held.state = 'dropped'
  forgetHeld(job, held)
  forgetJob(view, job)
}

function release(state: WorkerState, { view, ref }: Held, result: Result): void {
  const { job, task, attempt } = ref
  state.push({ type: 'release', master: view.id, job, task, attempt, result })
}

function forgetHeld(job: HeldJob, held: Held): void {
  if (job.held.get(held.ref.task) === held) job.held.delete(held.ref.task)
}

/** A job of which nothing is held, and that is over or has no spec, is not known any more. */
export function forgetJob(view: MasterView, job: HeldJob): void {
  if ((job.isOver || job.spec === undefined) && job.held.size === 0) view.jobs.delete(job.id)
}
