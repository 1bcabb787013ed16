/**
 * The machines as they are, and as they must not be: each broken variant lacks one safety that the
 * design promises, and the checkers have to notice.
 */
import type { MasterEffect, MasterEvent } from '../../src/core/master/events.ts'
import { Master } from '../../src/core/master/master.ts'
import type { MasterConfig } from '../../src/core/master/state.ts'
import type { Report } from '../../src/core/messages.ts'
import type { AttemptRef, Millis } from '../../src/core/types.ts'
import type { WorkerEffect, WorkerEvent } from '../../src/core/worker/events.ts'
import type { WorkerConfig } from '../../src/core/worker/state.ts'
import { Worker } from '../../src/core/worker/worker.ts'

export interface Variant {
  readonly newMaster: (config: MasterConfig) => Master
  readonly newWorker: (config: WorkerConfig) => Worker
}

const sound: Variant = {
  newMaster: (config) => new Master(config),
  newWorker: (config) => new Worker(config)
}

/** Takes any report of a task that is out, whatever the attempt and whoever the worker. */
class UnfencedMaster extends Master {
  override handle(event: MasterEvent, now: Millis): MasterEffect[] {
    if (event.type !== 'message' || event.message.type !== 'report') {
      return super.handle(event, now).map((effect) => this.#cancelNothing(effect))
    }
    const effects: MasterEffect[] = []
    for (const report of event.message.reports) {
      effects.push(...super.handle(this.#asIfCurrent(event, report), now))
    }
    return [...effects.filter(isRecord), ...effects.filter((effect) => !isRecord(effect))]
  }

  /** A worker may keep every attempt of a task that lives, also one that was leased anew. */
  #cancelNothing(effect: MasterEffect): MasterEffect {
    if (effect.type !== 'send' || effect.message.type !== 'kept') return effect
    const isOver = ({ job, task }: AttemptRef): boolean =>
      this.state.jobs.get(job)?.tasks.has(task) !== true
    const canceled = effect.message.canceled.filter(isOver)
    return { ...effect, message: { ...effect.message, canceled } }
  }

  #asIfCurrent(event: Extract<MasterEvent, { type: 'message' }>, report: Report): MasterEvent {
    const task = this.state.jobs.get(report.job)?.tasks.get(report.task)
    const worker = task?.worker ?? event.worker
    const session = this.state.workers.get(worker)?.session ?? event.session
    const attempt = task?.attempt ?? report.attempt
    const message = { type: 'report', reports: [{ ...report, attempt }] } as const
    return { type: 'message', worker, session, message }
  }
}

/** Waits for ever for a worker that has vanished. */
class TrustingMaster extends Master {
  override handle(event: MasterEvent, now: Millis): MasterEffect[] {
    for (const view of this.state.workers.values()) view.renewedAt = Number.MAX_SAFE_INTEGER
    return super.handle(event, now)
  }
}

/** Calls no attempt off. */
class WastefulMaster extends Master {
  override handle(event: MasterEvent, now: Millis): MasterEffect[] {
    const isCancel = (effect: MasterEffect): boolean =>
      effect.type === 'send' && effect.message.type === 'cancel'
    return super.handle(event, now).filter((effect) => !isCancel(effect))
  }
}

/** Forgets the number of an attempt that came to nothing beside an older one. */
class RecountingMaster extends Master {
  override handle(event: MasterEvent, now: Millis): MasterEffect[] {
    for (const { hedge, tasks } of this.state.jobs.values()) {
      for (const task of tasks.values()) if (!task.isDouble) hedge?.noteLease(task)
    }
    return super.handle(event, now)
  }
}

/** Takes a report for accepted as soon as it is sent. */
class ForgetfulWorker extends Worker {
  override handle(event: WorkerEvent, now: Millis): WorkerEffect[] {
    const effects = super.handle(event, now)
    for (const effect of [...effects]) {
      if (effect.type !== 'send' || effect.message.type !== 'report') continue
      const { master, session, message } = effect
      const accepted = { type: 'accepted', attempts: message.reports } as const
      effects.push(...super.handle({ type: 'message', master, session, message: accepted }, now))
    }
    return effects
  }
}

/** Keeps nothing that outlives it. */
class MortalWorker extends Worker {
  override handle(event: WorkerEvent, now: Millis): WorkerEffect[] {
    return super.handle(event, now).filter(({ type }) => type !== 'keep')
  }
}

function isRecord(effect: MasterEffect): boolean {
  return effect.type === 'journal'
}

export const VARIANTS = {
  sound,
  'no-fencing': { ...sound, newMaster: (config) => new UnfencedMaster(config) },
  'leases-never-expire': { ...sound, newMaster: (config) => new TrustingMaster(config) },
  'nothing-called-off': { ...sound, newMaster: (config) => new WastefulMaster(config) },
  'numbers-used-twice': { ...sound, newMaster: (config) => new RecountingMaster(config) },
  'reports-not-kept': { ...sound, newWorker: (config) => new ForgetfulWorker(config) },
  'nothing-on-disk': { ...sound, newWorker: (config) => new MortalWorker(config) }
} as const satisfies Record<string, Variant>

export type VariantName = keyof typeof VARIANTS
