/**
 * The master machine: it keeps jobs and their tasks, leases tasks to workers, records one result
 * for each task, and puts back what a lost worker held.
 *
 * Pure: see `machine.ts`. Reading order: `events.ts`, `state.ts`, then what users do (`jobs.ts`),
 * what workers do (`sessions.ts`), who gets what (`grant.ts`), what becomes of a task
 * (`outcome.ts`), who gets a second attempt (`stragglers.ts`), what follows for other jobs (`consequences.ts`), how it is rebuilt (`restore.ts`), and
 * why a task does not run (`explain.ts`).
 */
import { unreachable } from '../assert.ts'
import type { P2pJobsError } from '../errors.ts'
import { PAUSE_MS } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { WorkerMessage } from '../messages.ts'
import type { AttemptRef, JobId, Millis, NodeId } from '../types.ts'
import { isReportDue } from './attempts.ts'
import { followUp } from './consequences.ts'
import type { MasterEffect, MasterEvent } from './events.ts'
import { grant, grantAll } from './grant.ts'
import {
  addRefusal,
  onAdd,
  onCancel,
  onCancelTasks,
  onClose,
  onStartDeadline,
  onSubmit,
  submitRefusal
} from './jobs.ts'
import type { Saved } from './journal.ts'
import { resume } from './outcome.ts'
import { restore, resumeAll } from './restore.ts'
import { onDisconnected, onDrainWorker, onExpiry, onHold, onMessage } from './sessions.ts'
import { MasterState } from './state.ts'
import { onStragglers } from './stragglers.ts'
import type { Deadline, MasterConfig } from './state.ts'

export interface RunningAttempt {
  readonly attempt: number
  readonly worker: NodeId
}

export class Master implements Machine<MasterEvent, MasterEffect> {
  /** For invariants and for people who ask what is going on; nobody else changes it. */
  readonly state: MasterState

  /** When everyone was last given more time: once is enough for all that has arrived meanwhile. */
  #forgivenAt: Millis = 0

  constructor(config: MasterConfig) {
    this.state = new MasterState(config)
  }

  /** The id the next submitted job has to have. */
  get nextJob(): JobId {
    return this.state.nextJob as JobId
  }

  /** Why a further job, or further tasks of a job, would not be taken. Ask before. */
  submitRefusal(): P2pJobsError | undefined {
    return submitRefusal(this.state)
  }

  addRefusal(job: JobId, tasks: number): P2pJobsError | undefined {
    return addRefusal(this.state, job, tasks)
  }

  get deadline(): Millis | undefined {
    return this.state.deadlines.peek()?.at
  }

  /** The attempt that runs now, of two the older one, and where; undefined: none does. */
  runningAttempt(job: JobId, task: number): RunningAttempt | undefined {
    const found = this.state.jobs.get(job)?.tasks.get(task)
    if (found?.state !== 'running' || found.worker === undefined) return undefined
    const { attempt, worker } = found.job.hedge?.others.get(found) ?? found
    return { attempt, worker: worker ?? found.worker }
  }

  /** A report of this attempt by this worker would count, so its output is worth fetching. */
  wants(worker: NodeId, ref: AttemptRef): boolean {
    return isReportDue(this.state, worker, ref)
  }

  handle(event: MasterEvent, now: Millis): MasterEffect[] {
    this.#forgivePause(now)
    this.#handle(event, now)
    if (event.type === 'wake') this.#wake(now)
    followUp(this.state, now)
    return this.state.takeEffects()
  }

  /** Takes over what an earlier run has left, before the first event. */
  restore(saved: Saved): void {
    restore(this.state, saved)
  }

  #handle(event: MasterEvent, now: Millis): void {
    const { state } = this
    switch (event.type) {
      case 'submit':
        onSubmit(state, event, now)
        return
      case 'add':
        onAdd(state, event.job, event.inputs, now)
        grantAll(state, now)
        return
      case 'close':
        onClose(state, event.job)
        return
      case 'cancel':
        onCancel(state, event.job, event.reason, now)
        grantAll(state, now)
        return
      case 'cancel-tasks':
        onCancelTasks(state, event.job, event.tasks, event.reason, now)
        grantAll(state, now)
        return
      case 'message':
        this.#receive(event.worker, event.session, event.message, now)
        return
      case 'disconnected':
        onDisconnected(state, event.worker, event.session, now)
        return
      case 'drain':
        state.isDraining = true
        for (const view of state.workers.values()) state.send(view, { type: 'drain' })
        return
      case 'drain-worker':
        onDrainWorker(state, event.worker, event.isDraining, now)
        return
      case 'recovered':
        resumeAll(state, now)
        return
      case 'wake':
        return
      default:
        unreachable(event)
    }
  }

  #receive(worker: NodeId, session: number, message: WorkerMessage, now: Millis): void {
    if (message.type === 'hold') {
      onHold(this.state, worker, session, message, now)
      return
    }
    const view = this.state.workers.get(worker)
    // Of a session that is over, or whose `hold` got lost: the worker learns it by a new session.
    if (view?.session === session) onMessage(this.state, view, message, now)
  }

  /** Who was stopped for a while cannot tell silent workers from its own deafness: all get more time. */
  #forgivePause(now: Millis): void {
    const { deadline, state } = this
    const due = Math.max(deadline ?? Infinity, this.#forgivenAt)
    if (now <= due + PAUSE_MS) return
    this.#forgivenAt = now
    for (const view of state.workers.values()) view.renewedAt = now
  }

  #wake(now: Millis): void {
    const { deadlines } = this.state
    for (let due = deadlines.peek(); due !== undefined && due.at <= now; due = deadlines.peek()) {
      deadlines.pop()
      this.#meet(due, now)
    }
  }

  #meet(due: Deadline, now: Millis): void {
    const { state } = this
    if (due.type === 'retry') {
      if (due.task.state !== 'retrying' || due.task.retryAt !== due.at) return
      resume(state, due.task)
      grantAll(state, now)
      return
    }
    if (due.type === 'start') {
      onStartDeadline(state, due.job, now)
      grantAll(state, now)
      return
    }
    if (due.type === 'stragglers') {
      onStragglers(state, due.job, due.at, now)
      return
    }
    if (due.type === 'rest') {
      const view = state.workers.get(due.worker)
      if (view !== undefined) grant(state, view, now)
      return
    }
    const { view } = due
    // There may be an older deadline for it, of when it held nothing.
    if (view.watchedAt !== due.at || state.workers.get(view.id) !== view) return
    view.watchedAt = Infinity
    if (state.expiryOf(view) > now) state.watch(view)
    else onExpiry(state, view, now)
  }
}
