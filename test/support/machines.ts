/**
 * Machines to talk to in tests. Every event is followed by a check of all invariants; what a
 * machine wants done is taken out kind by kind, so that a test can say that nothing else came.
 */
import { expect } from 'chai'
import { checkMaster, checkWorker } from '../../src/core/invariants.ts'
import type { JobOptions } from '../../src/core/job.ts'
import { KEEP_DURABLE_MS } from '../../src/core/limits.ts'
import type { MasterEffect, MasterEvent, MasterNotice } from '../../src/core/master/events.ts'
import type { JournalRecord } from '../../src/core/master/journal.ts'
import { Master } from '../../src/core/master/master.ts'
import type { MasterConfig } from '../../src/core/master/state.ts'
import type { Lease, MasterMessage, WorkerMessage } from '../../src/core/messages.ts'
import type { Outcome, Result } from '../../src/core/result.ts'
import { emptyResult } from '../../src/core/result.ts'
import type { ShellSpec } from '../../src/core/spec.ts'
import type { AttemptRef, JobId, Millis, NodeId } from '../../src/core/types.ts'
import type { WorkerEffect, WorkerEvent } from '../../src/core/worker/events.ts'
import type { WorkerConfig } from '../../src/core/worker/state.ts'
import { Worker } from '../../src/core/worker/worker.ts'
import { Ledger } from './ledger.ts'

export const SPEC: ShellSpec = {
  kind: 'shell',
  command: 'echo {}',
  directory: '/',
  environment: {},
  timeoutMs: undefined,
  outputBytesMax: 1_000,
  slotsMax: undefined
}

const NO_INPUT = new Uint8Array(0)

/** So many inputs of which nothing matters. */
export function anyInputs(count: number): Uint8Array[] {
  return new Array<Uint8Array>(count).fill(NO_INPUT)
}

export function ref(task: number, attempt = 1, job = 1): AttemptRef {
  return { job: job as JobId, task, attempt }
}

/** A result that took its time, unless told otherwise: fast failures have consequences. */
export function aResult(outcome: Outcome = 'success', runtimeMs: Millis = 5_000): Result {
  return { ...emptyResult(outcome, outcome === 'success' ? '' : `it was a ${outcome}`), runtimeMs }
}

export type Hold = Extract<WorkerMessage, { type: 'hold' }>

export function aHold(more: Partial<Hold> = {}): Hold {
  const hold = { type: 'hold', boot: 'boot-1', name: 'lab', slots: 2, credit: 2, attempts: [] }
  return { ...hold, ...more } as Hold
}

/** What both kinds of machine have in common: effects that wait to be looked at. */
class Effects<Effect extends { type: string }> {
  #effects: Effect[] = []

  protected add(effects: Effect[]): void {
    this.#effects.push(...effects)
  }

  /** Takes out all effects of a kind. */
  take<Type extends Effect['type']>(type: Type): Extract<Effect, { type: Type }>[] {
    const is = (effect: Effect): effect is Extract<Effect, { type: Type }> => effect.type === type
    const taken = this.#effects.filter(is)
    this.#effects = this.#effects.filter((effect) => !is(effect))
    return taken
  }

  expectNothingElse(): void {
    expect(this.#effects).to.deep.equal([])
  }

  forget(): void {
    this.#effects = []
  }
}

export class TestMaster extends Effects<MasterEffect> {
  readonly machine: Master
  now: Millis = 0

  constructor(config: Partial<MasterConfig> = {}) {
    super()
    const usual = { leaseMs: 6_000, keepMs: 60_000, isDurable: false, seed: 1 }
    this.machine = new Master({ ...usual, ...config })
  }

  does(event: MasterEvent): void {
    this.apply(event)
    checkMaster(this.machine.state)
  }

  /** The same without a check, for the ten-thousandth time. */
  apply(event: MasterEvent): void {
    this.add(this.machine.handle(event, this.now))
  }

  hears(worker: string, message: WorkerMessage, session = 1): void {
    this.does({ type: 'message', worker: worker as NodeId, session, message })
  }

  /** Reports attempts, all with the same result. */
  hearsReport(worker: string, refs: AttemptRef[], result: Result = aResult(), session = 1): void {
    const reports = refs.map((attempt) => ({ ...attempt, result }))
    this.hears(worker, { type: 'report', reports }, session)
  }

  /** Lets time pass, with a wake-up whenever the machine wants one. */
  passes(span: Millis): void {
    const end = this.now + span
    for (;;) {
      const { deadline } = this.machine
      if (deadline === undefined || deadline > end) break
      this.now = Math.max(this.now, deadline)
      this.does({ type: 'wake' })
    }
    this.now = end
  }

  /** Submits a closed job of so many tasks. */
  submit(tasks: number, options: Partial<JobOptions> = {}, spec: Partial<ShellSpec> = {}): JobId {
    const job = this.machine.nextJob
    const whole = { priority: 0, retries: 0, ...options }
    this.does({ type: 'submit', job, spec: { ...SPEC, ...spec }, options: whole })
    this.does({ type: 'add', job, inputs: anyInputs(tasks) })
    this.does({ type: 'close', job })
    return job
  }

  /** Opens a session; what it answers to that is forgotten. */
  joined(worker: string, more: Partial<Hold> = {}, session = 1): void {
    this.hears(worker, aHold(more), session)
    this.forget()
  }

  takeMessages<Type extends MasterMessage['type']>(
    type: Type
  ): Extract<MasterMessage, { type: Type }>[] {
    const is = (message: MasterMessage): message is Extract<MasterMessage, { type: Type }> =>
      message.type === type
    return this.take('send')
      .map(({ message }) => message)
      .filter(is)
  }

  /** Takes out every message, and returns what each worker was told of more work. */
  takeWord(): Record<string, boolean[]> {
    const word: Record<string, boolean[]> = {}
    for (const { worker, message } of this.take('send')) {
      if (message.type !== 'leases' || message.leases.length > 0) continue
      ;(word[worker] ??= []).push(message.more)
    }
    return word
  }

  /** Hears a renewal, by which everything leased has arrived. */
  hearsRenewal(worker: string, credit: number, session = 1): void {
    const seen = Number.MAX_SAFE_INTEGER
    this.hears(worker, { type: 'renewal', seen, credit, withdrawn: 0 }, session)
  }

  /** Takes out every message, and returns the tasks that were leased to each worker. */
  takeLeases(): Record<string, number[]> {
    const leases: Record<string, number[]> = {}
    for (const { worker, message } of this.take('send')) {
      if (message.type !== 'leases' || message.leases.length === 0) continue
      ;(leases[worker] ??= []).push(...message.leases.map(({ task }) => task))
    }
    return leases
  }

  takeNotices<Type extends MasterNotice['type']>(
    type: Type
  ): Extract<MasterNotice, { type: Type }>[] {
    const is = (notice: MasterNotice): notice is Extract<MasterNotice, { type: Type }> =>
      notice.type === type
    return this.take('emit')
      .map(({ notice }) => notice)
      .filter(is)
  }

  takeRecords(): JournalRecord[] {
    return this.take('journal').map(({ record }) => record)
  }

  /** Takes over what another one has written, as if that one had crashed. */
  restores(dead: TestMaster): void {
    const ledger = new Ledger()
    for (const record of dead.takeRecords()) ledger.add(record)
    for (const saved of ledger.saved()) this.machine.restore(saved)
  }
}

export function aMaster(config: Partial<MasterConfig> = {}): TestMaster {
  return new TestMaster(config)
}

export class TestWorker extends Effects<WorkerEffect> {
  readonly machine: Worker
  now: Millis = 1_000
  readonly #batches = new Map<string, { batch: number; used: number }>()

  constructor(config: Partial<WorkerConfig> = {}) {
    super()
    this.machine = new Worker({ boot: 'boot-1', name: 'lab', slots: 2, ...config })
  }

  does(event: WorkerEvent): void {
    this.add(this.machine.handle(event, this.now))
    checkWorker(this.machine.state)
  }

  connects(master: string, session = 1, epoch = 'epoch-1'): void {
    this.#batches.delete(`${master}/${session}`)
    this.does({ type: 'connected', master: master as NodeId, epoch, session })
  }

  disconnects(master: string, session = 1): void {
    this.does({ type: 'disconnected', master: master as NodeId, session })
  }

  hears(master: string, message: MasterMessage, session = 1): void {
    this.does({ type: 'message', master: master as NodeId, session, message })
  }

  hearsKept(master: string, canceled: AttemptRef[] = [], session = 1, keepMs = 60_000): void {
    this.hears(master, { type: 'kept', canceled, leaseMs: 6_000, keepMs }, session)
  }

  /** Is leased attempts in one batch. */
  hearsLeases(master: string, refs: AttemptRef[], more = false, session = 1): void {
    const key = `${master}/${session}`
    const last = this.#batches.get(key)
    const batch = (last?.batch ?? 0) + 1
    const used = (last?.used ?? 0) + refs.length
    this.#batches.set(key, { batch, used })
    const leases: Lease[] = refs.map((attempt) => ({ ...attempt, input: NO_INPUT }))
    this.hears(master, { type: 'leases', batch, used, more, leases }, session)
  }

  /** Is told that work waits, or that none does. */
  hearsMore(master: string, more: boolean, session = 1): void {
    const { batch, used } = this.#batches.get(`${master}/${session}`) ?? { batch: 0, used: 0 }
    this.hears(master, { type: 'leases', batch, used, more, leases: [] }, session)
  }

  hearsSpec(master: string, spec: Partial<ShellSpec> = {}, job = 1, session = 1): void {
    this.hears(master, { type: 'spec', job: job as JobId, spec: { ...SPEC, ...spec } }, session)
  }

  /** Has a session that works and knows the spec of job 1; what was said so far is forgotten. */
  joined(master: string, spec: Partial<ShellSpec> = {}, session = 1): void {
    this.connects(master, session)
    this.hearsKept(master, [], session)
    this.hearsSpec(master, spec, 1, session)
    this.forget()
  }

  /** The same with a master that comes back after its end. */
  joinedDurable(master: string, spec: Partial<ShellSpec> = {}, session = 1): void {
    this.connects(master, session)
    this.hearsKept(master, [], session, KEEP_DURABLE_MS)
    this.hearsSpec(master, spec, 1, session)
    this.forget()
  }

  /** Has kept results of attempts, all alike and for so long, in an earlier run. */
  restores(master: string, refs: AttemptRef[], ageMs = 0, result = aResult()): void {
    const reports = refs.map((attempt) => ({ ...attempt, result, ageMs }))
    const whose = { master: master as NodeId, epoch: 'epoch-1', keepMs: KEEP_DURABLE_MS }
    this.does({ type: 'restored', ...whose, reports })
  }

  ends(run: number, result: Result = aResult()): void {
    this.does({ type: 'ended', ends: [{ run, result }] })
  }

  /** Takes out what is to be kept on disk: the tasks' numbers in order. */
  takeKept(): number[] {
    return this.take('keep').flatMap(({ reports }) => reports.map(({ task }) => task))
  }

  /** Takes out what is to be removed from disk: the tasks' numbers in order. */
  takeReleased(): number[] {
    return this.take('release').map(({ task }) => task)
  }

  passes(span: Millis): void {
    const end = this.now + span
    for (;;) {
      const { deadline } = this.machine
      if (deadline === undefined || deadline > end) break
      this.now = Math.max(this.now, deadline)
      this.does({ type: 'wake' })
    }
    this.now = end
  }

  /** Takes out every message to a master. */
  takeMessages(master?: string): WorkerMessage[] {
    return this.take('send')
      .filter((effect) => master === undefined || effect.master === master)
      .map(({ message }) => message)
  }

  /** How many tasks a master may lease it now. */
  openCredit(master: string): number | undefined {
    return this.machine.state.masters.get(master as NodeId)?.openCredit
  }

  /** Takes out every message, and returns the credit that was told last and is still open. */
  takeOffer(master: string): number | undefined {
    const offer = this.takeMessages(master).findLast(({ type }) => type === 'offer')
    if (offer?.type !== 'offer') return undefined
    const used = this.machine.state.masters.get(master as NodeId)?.used ?? 0
    return offer.credit - offer.withdrawn - used
  }

  /** Takes out every message, and returns the tasks that were given back. */
  takeReturned(): number[] {
    return this.takeMessages()
      .flatMap((message) => (message.type === 'report' ? message.reports : []))
      .filter(({ result }) => result.outcome === 'returned')
      .map(({ task }) => task)
  }

  /** Runs tasks of job 1 for a master, so many at a time and each for a millisecond. */
  runsFast(master: string, tasks: number, atATime = 1): void {
    for (let done = 0; done < tasks; done += atATime) {
      const refs = Array.from({ length: atATime }, (_, at) => ref(done + at + 1))
      this.hearsLeases(master, refs, true)
      const runs = [...this.machine.state.runs.keys()].slice(-atATime)
      this.now++
      for (const run of runs) this.ends(run)
      this.hears(master, { type: 'accepted', attempts: refs })
    }
    this.forget()
  }

  /** Takes out what was started: the tasks' numbers in order. */
  takeStarts(): number[] {
    return this.take('start').map(({ task }) => task)
  }
}

export function aWorker(config: Partial<WorkerConfig> = {}): TestWorker {
  return new TestWorker(config)
}
