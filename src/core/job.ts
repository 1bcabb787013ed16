/**
 * One job at its master: what its tasks share, the tasks that have not ended, and the counts of
 * all of them.
 */
import type { Spec } from './spec.ts'
import { Task } from './task.ts'
import type { EndState, TaskState } from './task.ts'
import type { JobId, Millis, NodeId, Payload } from './types.ts'
import { widthOf } from './abilities.ts'
import { Hedge } from './hedge.ts'
import { FAILS_SAMPLE_MIN } from './limits.ts'
import { Need } from './master/need.ts'
import { Submitter } from './master/submitter.ts'
import { StartDeadlines } from './start-deadlines.ts'
import { WaitingTasks } from './waiting.ts'

export interface JobOptions {
  /** Higher goes first; within one priority, jobs go in the order of their submission. */
  readonly priority: number
  /** Further attempts of a task that failed or took too long. */
  readonly retries: number
  /** The one worker that may run it, by its name or id; left out: any. */
  readonly worker?: string
  /** What people call it. */
  readonly name?: string
  /** Who asked for it: jobs of one priority share the workers fairly between submitters. */
  readonly submitter?: string
  /** Jobs that have to end before any task of this one starts. */
  readonly after?: readonly Dependency[]
  /** More tasks than this that failed end the job: the others are aborted. */
  readonly failsMax?: FailLimit
  /** Crashes of a task's own process before the task is failed, instead of CRASHES_MAX. */
  readonly crashesMax?: number
  /** How long to wait before a further attempt. */
  readonly backoff?: Backoff
  /** What a worker has to be. */
  readonly requires?: readonly LabelNeed[]
  /** A task that no worker has started this long after it was added is aborted. */
  readonly startWithinMs?: Millis
  /** A task may run twice at once: one that takes much longer than others gets a second attempt. */
  readonly hedge?: boolean
}

/** `ok`: that job has to end with all its tasks finished, or this one is aborted; `any`: to end. */
export interface Dependency {
  readonly job: JobId
  readonly needs: 'ok' | 'any'
}

/**
 * `percent`: of the tasks the job has. While it may still get more, it counts only once some have
 * ended (FAILS_SAMPLE_MIN), so that an early failure is not all there is.
 */
export type FailLimit = { readonly tasks: number } | { readonly percent: number }

/**
 * `fixed`: always `firstMs`, exactly; `exponential`: doubling from `firstMs` to `maxMs`, and a
 * random half off.
 */
export interface Backoff {
  readonly kind: 'fixed' | 'exponential'
  readonly firstMs: Millis
  readonly maxMs: Millis
}

/** A label that a worker must have, with this value where one is given. */
export interface LabelNeed {
  readonly label: string
  readonly value?: string
}

/** How many tasks of a job are in which state. */
export type JobCounts = Record<TaskState, number>

export class Job {
  readonly id: JobId
  readonly spec: Spec
  readonly options: JobOptions
  /** More tasks may be added. */
  isOpen = true
  readonly tasks = new Map<number, Task>()
  readonly waiting = new WaitingTasks()
  readonly counts: JobCounts = {
    waiting: 0,
    leased: 0,
    running: 0,
    retrying: 0,
    finished: 0,
    failed: 0,
    canceled: 0,
    aborted: 0
  }
  /** The number of the task added last. */
  lastTask = 0
  /** Who reported the last success: proof that the job can be done. */
  succeededOn: NodeId | undefined = undefined
  /** The first two workers on which a task of it failed: two are proof of the opposite. */
  readonly failedOn: NodeId[] = []
  /** Workers that were sent the spec and have to be told when the job has ended. */
  readonly toldWorkers = new Set<NodeId>()
  /** What it asks of a worker, and who submitted it. */
  readonly need: Need
  readonly submitter: Submitter
  /** How many slots a task of it fills. */
  readonly width: number
  /** Jobs that have to end first, and how. */
  readonly awaits = new Map<JobId, Dependency['needs']>()
  /** Its tasks may be leased: it waits for no job, and has not been given up. */
  isServed = true
  /** Why none of its tasks runs any more: they are aborted, those too that are yet to come. */
  doom: string | undefined = undefined
  /** By when its tasks have to have started; undefined: they have time. */
  readonly startDeadlines: StartDeadlines | undefined
  /** Undefined: its tasks have one attempt at a time. */
  readonly hedge: Hedge | undefined

  constructor(
    id: JobId,
    spec: Spec,
    options: JobOptions,
    need = new Need(spec, options),
    submitter = new Submitter(options.submitter)
  ) {
    this.id = id
    this.spec = spec
    this.options = options
    this.need = need
    this.submitter = submitter
    this.width = widthOf(need.demand)
    const { startWithinMs, hedge } = options
    this.hedge = hedge === true ? new Hedge() : undefined
    this.startDeadlines =
      startWithinMs === undefined ? undefined : new StartDeadlines(startWithinMs)
  }

  /** All its tasks have ended, no more can come, and it waits for no other job. */
  get hasEnded(): boolean {
    return !this.isOpen && this.tasks.size === 0 && this.awaits.size === 0
  }

  /** More tasks have failed than may. */
  get hasFailedEnough(): boolean {
    const { failsMax } = this.options
    if (failsMax === undefined) return false
    const { finished, failed, canceled, aborted } = this.counts
    const bad = failed + aborted
    if ('tasks' in failsMax) return bad > failsMax.tasks
    if (this.isOpen && finished + failed + canceled + aborted < FAILS_SAMPLE_MIN) return false
    return bad * 100 > failsMax.percent * this.lastTask
  }

  /** Adds a task that waits. */
  add(input: Payload): Task {
    const task = new Task(this, ++this.lastTask, input)
    this.tasks.set(task.number, task)
    this.waiting.push(task)
    this.counts.waiting++
    return task
  }

  noteFailure(worker: NodeId): void {
    const { failedOn } = this
    if (failedOn.length < 2 && !failedOn.includes(worker)) failedOn.push(worker)
  }

  /** Changes a task's state and the counts with it. */
  move(task: Task, state: TaskState): void {
    this.counts[task.state]--
    this.counts[state]++
    task.state = state
  }

  /** Ends a task and forgets it. */
  end(task: Task, state: EndState): void {
    this.move(task, state)
    this.tasks.delete(task.number)
  }
}
