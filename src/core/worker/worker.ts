/**
 * The worker machine: it shares its slots between masters, runs what they lease, and keeps every
 * result until its master has accepted it.
 *
 * Pure: see `machine.ts`. Reading order: `events.ts`, `master-view.ts`, `state.ts`, then what
 * masters do (`sessions.ts`), what waits (`queues.ts`, and for room `claims.ts`), what runs
 * (`runs.ts`), who follows its output (`reads.ts`), what is kept on disk (`keeping.ts`,
 * `restore.ts`), how much to ask for (`credit.ts`), and what to give back (`surplus.ts`).
 */
import { unreachable } from '../assert.ts'
import { PAUSE_MS } from '../limits.ts'
import type { Machine } from '../machine.ts'
import type { Millis } from '../types.ts'
import { noteUse, offer, surplusDueAt } from './credit.ts'
import type { WorkerEffect, WorkerEvent } from './events.ts'
import { keepAll, keepDue } from './keeping.ts'
import type { Held, MasterView } from './master-view.ts'
import { onRestored } from './restore.ts'
import { onEnded, onProgress, onStarted, onTimeLimits, report, startQueued } from './runs.ts'
import { answerOldReads, onPrinted, onReadDone } from './reads.ts'
import { abandon, onConnected, onDisconnected, onMessage, reset } from './sessions.ts'
import { WorkerState } from './state.ts'
import { giveBackSurplus } from './surplus.ts'
import type { WorkerConfig } from './state.ts'

export class Worker implements Machine<WorkerEvent, WorkerEffect> {
  /** For invariants and for people who ask what is going on; nobody else changes it. */
  readonly state: WorkerState

  constructor(config: WorkerConfig) {
    this.state = new WorkerState(config)
  }

  get deadline(): Millis | undefined {
    const { state } = this
    let first = state.timeLimits.peek()?.at ?? Infinity
    for (const view of state.masters.values()) {
      first = Math.min(first, deadlineOf(view), surplusDueAt(state, view))
    }
    if (this.#isFast) first = Math.min(first, state.speed.changesAt)
    return first === Infinity ? undefined : first
  }

  /** What is in hand or on offer is right only for short tasks. */
  get #isFast(): boolean {
    const { queued, parked, claims, room, speed } = this.state
    return queued + parked > claims || Math.max(room.slotsTaken, speed.last) > room.slots
  }

  handle(event: WorkerEvent, now: Millis): WorkerEffect[] {
    const { state } = this
    this.#forgivePause(now)
    this.#handle(event, now)
    if (event.type === 'wake') this.#wake(now)
    startQueued(state, now)
    giveBackSurplus(state, now)
    this.#leave()
    if (state.runs.size > 0) state.speed.resume(now)
    else state.speed.pause(now)
    offer(state, now)
    return state.takeEffects()
  }

  #handle(event: WorkerEvent, now: Millis): void {
    const { state } = this
    switch (event.type) {
      case 'restored':
        onRestored(state, event, now)
        return
      case 'connected':
        onConnected(state, event.master, event.epoch, event.session, now)
        return
      case 'disconnected':
        onDisconnected(state, event.master, event.session, now)
        return
      case 'message': {
        const view = state.masters.get(event.master)
        if (view?.session === event.session) onMessage(state, view, event.message, now)
        return
      }
      case 'started':
        onStarted(state, event.runs, now)
        return
      case 'progress':
        onProgress(state, event.run, event.value)
        return
      case 'printed':
        onPrinted(state, event.run, event.stream)
        return
      case 'read':
        onReadDone(state, event.read, event.bytes)
        return
      case 'ended':
        onEnded(state, event.ends, now)
        return
      case 'drain':
        state.isDraining = true
        for (const view of state.masters.values()) keepAll(state, view)
        if (event.now) this.#stopAll()
        return
      case 'pause':
        state.pausedFor = event.reason
        return
      case 'wake':
        return
      default:
        unreachable(event)
    }
  }

  /** Who was stopped for a while has not listened: its masters get more time to be heard. */
  #forgivePause(now: Millis): void {
    const { deadline } = this
    if (deadline === undefined || now <= deadline + PAUSE_MS) return
    for (const view of this.state.masters.values()) view.heardAt = now
  }

  #wake(now: Millis): void {
    const { state } = this
    onTimeLimits(state, now)
    for (const view of [...state.masters.values()]) {
      if (view.session === undefined) {
        if (now - view.lostAt >= view.keepMs) abandon(state, view)
      } else if (view.silentAt <= now) reset(state, view, 'the master is silent', now)
      else {
        if (view.renewAt <= now) this.#renew(view, now)
        if (view.keepAt <= now) keepDue(state, view, now)
      }
    }
  }

  #renew(view: MasterView, now: Millis): void {
    const { state } = this
    view.renewedAt = now
    if (!view.isSettled) return
    noteUse(view)
    answerOldReads(state, view)
    const { seen, credit, withdrawn } = view
    state.send(view, { type: 'renewal', seen, credit, withdrawn })
    const unanswered: Held[] = []
    for (const held of view.unaccepted) {
      if (held.reportedAt + view.leaseMs > now) break
      unanswered.push(held)
    }
    report(state, view, unanswered, now)
  }

  #stopAll(): void {
    for (const [run, held] of this.state.runs) {
      if (held.state === 'dropped' || held.stopping !== undefined) continue
      held.stopping = 'leaving'
      this.state.push({ type: 'stop', run })
    }
  }

  /** Says goodbye to a master that drains, and to all once our own drain is complete. */
  #leave(): void {
    const { state } = this
    if (state.hasDrained) return
    for (const view of [...state.masters.values()]) {
      if (view.heldTasks > 0 || !(view.isDraining || state.isDraining)) continue
      if (view.session !== undefined && !view.isSettled) continue
      state.send(view, { type: 'bye' })
      state.masters.delete(view.id)
    }
    if (!state.isDraining || state.runs.size > 0) return
    for (const view of state.masters.values()) if (view.session !== undefined) return
    state.hasDrained = true
    state.push({ type: 'drained' })
  }
}

function deadlineOf(view: MasterView): Millis {
  if (view.session === undefined) return view.lostAt + view.keepMs
  return Math.min(view.renewAt, view.silentAt, view.keepAt)
}
