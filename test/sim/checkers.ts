/**
 * What has to be true of every run, seen from outside: the checkers look at journals, notices and
 * executors, never into the machines, so they cannot share a mistake with them.
 */
import type { JobOptions } from '../../src/core/job.ts'
import type { JournalRecord } from '../../src/core/master/journal.ts'
import type { MasterNotice } from '../../src/core/master/events.ts'
import type { Result } from '../../src/core/result.ts'
import type { Spec } from '../../src/core/spec.ts'
import type { EndState } from '../../src/core/task.ts'
import type { AttemptRef, JobId, Millis, NodeId } from '../../src/core/types.ts'
import type { WorkerEffect } from '../../src/core/worker/events.ts'
import { UNBEGUN } from './executor.ts'
import type { MasterNode } from './master-node.ts'
import type { WorkerNode } from './worker-node.ts'

/** The whole story of one task, as seen from outside. */
export interface TaskStory {
  readonly addedAt: Millis
  /** When it was started first. */
  startedAt: Millis
  attempt: number
  /** Attempts that are out, and with whom. */
  readonly out: Map<number, NodeId>
  /** The one that came back last: it may be taken up again while none is out. */
  back: { readonly attempt: number; readonly worker: NodeId } | undefined
  /** The attempts whose reports were taken, as a result or as a setback. */
  readonly reported: Set<number>
  starts: AttemptRef[]
  end: EndState | undefined
  notices: number
  settledBy: NodeId | undefined
  settledAt: number
}

type Start = Extract<WorkerEffect, { type: 'start' }>

interface JobStory {
  readonly options: JobOptions
  readonly tasks: TaskStory[]
  isClosed: boolean
  left: number
}

interface Execution {
  readonly ref: AttemptRef
  readonly master: NodeId
  readonly node: WorkerNode
  /** In which life of the node the result is held. */
  life: number
  isReleased: boolean
}

/** A rule was broken. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export class Checkers {
  /** Where the stories of a master's jobs are kept. */
  readonly jobs = new Map<NodeId, Map<JobId, JobStory>>()
  readonly executions: Execution[] = []
  /** Slot time that each master has had, in milliseconds. */
  readonly slotTime = new Map<NodeId, Millis>()
  readonly notices = { ended: 0, resting: 0, setbacks: 0 }
  settled = 0
  /** Results that were held again by a later life of their node. */
  restored = 0
  /** How often something happened to a job that may have been its end. */
  changes = 0
  lastSettledAt: Millis = 0
  /** How often a task got a second attempt beside the first. */
  hedged = 0
  /** No task may be started more often than this. */
  startsMax = 1
  readonly #clock: { readonly now: Millis }

  constructor(clock: { readonly now: Millis }) {
    this.#clock = clock
  }

  story(master: NodeId, ref: Pick<AttemptRef, 'job' | 'task'>): TaskStory {
    const story = this.jobs.get(master)?.get(ref.job)?.tasks[ref.task - 1]
    if (story === undefined) throw new Violation(`${nameOf(master, ref)} is not known`)
    return story
  }

  /** True once every task of the master's jobs has ended, and `jobs` jobs were submitted. */
  hasEnded(master: NodeId, jobs: number): boolean {
    const stories = this.jobs.get(master)
    if (jobs === 0) return true
    if (stories?.size !== jobs) return false
    for (const { isClosed, left } of stories.values()) if (!isClosed || left > 0) return false
    return true
  }

  onRecord({ id }: MasterNode, record: JournalRecord): void {
    if (record.type !== 'leased') this.changes++
    switch (record.type) {
      case 'submitted': {
        const jobs = this.jobs.get(id) ?? new Map<JobId, JobStory>()
        this.jobs.set(id, jobs)
        expect(!jobs.has(record.job), `job ${record.job} was submitted twice`)
        jobs.set(record.job, { options: record.options, tasks: [], isClosed: false, left: 0 })
        return
      }
      case 'added': {
        const job = this.#job(id, record.job)
        for (let added = 0; added < record.inputs.length; added++)
          job.tasks.push(newStory(this.#clock.now))
        job.left += record.inputs.length
        return
      }
      case 'closed':
        this.#job(id, record.job).isClosed = true
        return
      case 'leased':
        for (const ref of record.attempts) this.#onLease(id, ref, record.worker)
        return
      case 'setback':
        this.#onSetback(id, record)
        return
      case 'adopted': {
        const story = this.story(id, record)
        expect(
          ownerOf(story, record) === record.worker,
          `${nameOf(id, record)} was adopted too late`
        )
        expect(story.end === undefined, `${nameOf(id, record)} was adopted after its end`)
        story.out.set(record.attempt, record.worker)
        return
      }
      case 'settled':
        this.#onSettled(id, record)
        return
      case 'ended':
        expect(this.#job(id, record.job).left === 0, `job ${record.job} ended before its tasks`)
    }
  }

  #onLease(master: NodeId, ref: AttemptRef, worker: NodeId): void {
    const story = this.story(master, ref)
    const name = nameOf(master, ref)
    expect(story.end === undefined, `${name} was leased after it had ended`)
    expect(ref.attempt > story.attempt, `${name} was leased after attempt ${story.attempt}`)
    story.attempt = ref.attempt
    story.out.set(ref.attempt, worker)
    const { hedge } = this.#job(master, ref.job).options
    const attempts = hedge === true ? 2 : 1
    expect(story.out.size <= attempts, `${name} is the ${story.out.size}. at a time`)
    const workers = new Set(story.out.values())
    expect(workers.size === story.out.size, `${name} and another one are on ${worker}`)
    story.back = undefined
    if (story.out.size === 2) this.hedged++
  }

  /** A master that was rebuilt remembers only the newest of two attempts. */
  onRebuilt(master: NodeId): void {
    for (const { tasks } of this.jobs.get(master)?.values() ?? []) {
      for (const { out } of tasks) if (out.size === 2) out.delete(Math.min(...out.keys()))
    }
  }

  #onSetback(master: NodeId, record: Extract<JournalRecord, { type: 'setback' }>): void {
    this.notices.setbacks++
    const story = this.story(master, record)
    const name = nameOf(master, record)
    expect(story.end === undefined, `${name} had a setback after it had ended`)
    const worker = ownerOf(story, record)
    expect(worker !== undefined, `${name} had a setback; its last is ${story.attempt}`)
    story.out.delete(record.attempt)
    story.back = worker && { attempt: record.attempt, worker }
    if (record.counters.isReportDue) return
    expect(!story.reported.has(record.attempt), `a report of ${name} was taken twice`)
    story.reported.add(record.attempt)
  }

  #onSettled(master: NodeId, record: Extract<JournalRecord, { type: 'settled' }>): void {
    const story = this.story(master, record)
    const name = nameOf(master, record)
    expect(story.end === undefined, `${name} ended twice`)
    const owner = ownerOf(story, record)
    if (record.state === 'finished' || record.state === 'failed') {
      expect(!story.reported.has(record.attempt), `a report of ${name} was taken twice`)
      expect(owner !== undefined, `${name} ended; its last attempt is ${story.attempt}`)
      expect(record.worker === owner, `${name} was leased to ${owner ?? 'nobody'}`)
      this.#checkOrigin(master, record, record.result, record.worker)
      story.reported.add(record.attempt)
    }
    story.end = record.state
    story.settledBy = record.worker
    story.settledAt = this.#clock.now
    this.#job(master, record.job).left--
    this.settled++
    this.lastSettledAt = this.#clock.now
  }

  /** The recorded result has to be what that worker made of that very attempt. */
  #checkOrigin(master: NodeId, ref: AttemptRef, result: Result, worker: NodeId | undefined): void {
    const execution = this.executions[result.startedAt]
    const name = nameOf(master, ref)
    if (execution === undefined) throw new Violation(`${name} has a result of nowhere`)
    const isOfAttempt = isSame(execution.ref, ref) && execution.master === master
    expect(isOfAttempt, `${name} has the result of attempt ${execution.ref.attempt}`)
    expect(execution.node.id === worker, `${name} has the result of ${execution.node.id}`)
  }

  onNotice({ id }: MasterNode, notice: MasterNotice): void {
    if (notice.type === 'settled') {
      const story = this.story(id, notice)
      story.notices++
      expect(story.notices === 1, `${nameOf(id, notice)} was delivered twice`)
      expect(story.end === notice.state, `${nameOf(id, notice)} was delivered, not recorded`)
    } else if (notice.type === 'resting') this.notices.resting++
    else if (notice.type === 'ended') {
      this.notices.ended++
      expect(this.#job(id, notice.job).left === 0, `job ${notice.job} ended before its tasks`)
    }
  }

  /** Returns the serial number of the execution. */
  onStart(
    node: WorkerNode,
    { job, task, attempt, master, spec }: Start,
    running: { readonly others: readonly Start[]; readonly ofJob: number }
  ): number {
    const ref = { job, task, attempt }
    const name = nameOf(master, ref)
    checkFit(node, [...running.others.map((start) => start.spec), spec])
    this.#checkLabels(node, master, job)
    const ofJobMax = spec.slotsMax ?? node.slots
    expect(running.ofJob <= ofJobMax, `${node.id} runs ${running.ofJob} of a job, not ${ofJobMax}`)
    const story = this.story(master, ref)
    expect(ref.attempt <= story.attempt, `${name} was started before its lease was recorded`)
    const isNew = story.starts.every((start) => start.attempt !== ref.attempt)
    expect(isNew, `${name} was started twice`)
    story.starts.push(ref)
    story.startedAt = Math.min(story.startedAt, this.#clock.now)
    expect(story.starts.length <= this.startsMax, `${name}: ${story.starts.length} starts`)
    this.executions.push({ ref, master, node, life: node.life, isReleased: false })
    return this.executions.length - 1
  }

  onEnd(_node: WorkerNode, { master }: { master: NodeId }, runtimeMs: Millis): void {
    this.slotTime.set(master, (this.slotTime.get(master) ?? 0) + runtimeMs)
  }

  onRelease(node: WorkerNode, result: Result): void {
    if (result.startedAt === UNBEGUN) return
    const execution = this.executions[result.startedAt]
    if (execution === undefined) throw new Violation(`${node.id} released a result of nowhere`)
    expect(!execution.isReleased, `${node.id} released a result twice`)
    execution.isReleased = true
  }

  /** A new life of the node holds a result of an earlier one. */
  onRestore(node: WorkerNode, result: Result): void {
    const execution = this.executions[result.startedAt]
    if (execution === undefined) throw new Violation(`${node.id} restored a result of nowhere`)
    expect(execution.node === node, `${node.id} restored a result of ${execution.node.id}`)
    this.restored++
    execution.life = node.life
    // Its removal may not have been written any more.
    execution.isReleased = false
  }

  /** To be called when all is over: nothing is kept that nobody needs. */
  atEnd(): void {
    for (const { isReleased, node, life, ref, master } of this.executions) {
      const isGone = !node.isUp || node.life !== life || node.hasLeft
      expect(isReleased || isGone, `${node.id} keeps the result of ${nameOf(master, ref)}`)
    }
  }

  #checkLabels({ id, abilities }: WorkerNode, master: NodeId, job: JobId): void {
    for (const { label, value } of this.#job(master, job).options.requires ?? []) {
      const own = abilities.labels?.[label]
      const suits = own !== undefined && (value === undefined || value === own)
      expect(suits, `${id} runs a task of job ${job} without the label ${label}`)
    }
  }

  #job(master: NodeId, id: JobId): JobStory {
    const job = this.jobs.get(master)?.get(id)
    if (job === undefined) throw new Violation(`job ${id} of ${master} is not known`)
    return job
  }
}

/** What runs at once takes no more than there is. */
function checkFit({ id, slots, abilities }: WorkerNode, specs: readonly Spec[]): void {
  const taken: Record<string, number> = { cpus: 0 }
  for (const { amounts = {} } of specs) {
    for (const [name, amount] of Object.entries({ cpus: 1, ...amounts })) {
      taken[name] = (taken[name] ?? 0) + amount
    }
  }
  for (const [name, amount] of Object.entries(taken)) {
    const most = name === 'cpus' ? slots : (abilities.amounts?.[name] ?? 0)
    expect(amount <= most, `${id} runs tasks that take ${amount} of ${name}, and has ${most}`)
  }
}

/** Who has the attempt, or may still report it although it came back. */
function ownerOf(story: TaskStory, { attempt }: AttemptRef): NodeId | undefined {
  const { out, back } = story
  return out.get(attempt) ?? (out.size === 0 && back?.attempt === attempt ? back.worker : undefined)
}

function newStory(now: Millis): TaskStory {
  return {
    ...{ addedAt: now, startedAt: Infinity },
    ...{ attempt: 0, out: new Map(), back: undefined, reported: new Set() },
    ...{ starts: [], end: undefined },
    ...{ notices: 0, settledBy: undefined, settledAt: 0 }
  }
}

function expect(condition: boolean, message: string): void {
  if (!condition) throw new Violation(message)
}

function isSame(a: AttemptRef, b: AttemptRef): boolean {
  return a.job === b.job && a.task === b.task && a.attempt === b.attempt
}

function nameOf(
  master: NodeId,
  ref: Pick<AttemptRef, 'job' | 'task'> & { attempt?: number }
): string {
  return `task ${ref.job}/${ref.task} of ${master}, attempt ${ref.attempt ?? '?'},`
}
