/**
 * What a job keeps whose tasks may run twice at once: which of its tasks run and since when, and
 * those of which two attempts are out. One attempt is the task's own (`attempt` and `worker` of
 * `Task`), the newer one while both are out; the other one stands here.
 */
import { RunTimes } from './run-times.ts'
import type { Task } from './task.ts'
import type { Millis, NodeId } from './types.ts'

/** The one of two attempts that is not the task's own. */
export interface OtherAttempt {
  readonly attempt: number
  readonly worker: NodeId
  hasStarted: boolean
  /** The task's own has. */
  hasOwnStarted: boolean
}

export class Hedge {
  readonly runTimes = new RunTimes()
  /** When the job is looked at for stragglers; `Infinity`: once a task runs. */
  lookAt: Millis = Infinity
  /** Tasks that run, in one attempt, in the order of their starts: since when. */
  readonly #running = new Map<Task, Millis>()
  readonly #others = new Map<Task, OtherAttempt>()
  /** The highest number of a lease, of tasks whose attempt is an older one. */
  readonly #lastAttempts = new Map<Task, number>()

  get running(): ReadonlyMap<Task, Millis> {
    return this.#running
  }

  /** Tasks of which two attempts are out. */
  get others(): ReadonlyMap<Task, Readonly<OtherAttempt>> {
    return this.#others
  }

  lastAttempt(task: Task): number {
    return this.#lastAttempts.get(task) ?? task.attempt
  }

  /** After a restart: numbers up to this are used up. */
  restoreLastAttempt(task: Task, attempt: number): void {
    if (attempt > task.attempt) this.#lastAttempts.set(task, attempt)
  }

  /** Its one attempt has started. */
  noteRunning(task: Task, now: Millis): void {
    this.#running.set(task, now)
  }

  /** One of two attempts has started; false if it is known already. */
  noteStarted(task: Task, worker: NodeId): boolean {
    const other = this.#others.get(task)
    if (other === undefined) return false
    const key = other.worker === worker ? 'hasStarted' : 'hasOwnStarted'
    if (other[key]) return false
    other[key] = true
    return true
  }

  /** The task's own attempt is over. */
  noteOver(task: Task): void {
    this.#running.delete(task)
  }

  /** It gets a lease of the next number. */
  noteLease(task: Task): void {
    this.#lastAttempts.delete(task)
  }

  /** Makes place for a second attempt, which will be the task's own, beside the one that runs. */
  makePlace(task: Task): void {
    const { attempt, worker } = task
    if (worker === undefined) return
    this.#running.delete(task)
    this.#others.set(task, { attempt, worker, hasStarted: true, hasOwnStarted: false })
  }

  /** Makes the attempt of this worker the task's own. */
  turnTo(task: Task, worker: NodeId): void {
    const other = this.#others.get(task)
    const own = task.worker
    if (other?.worker !== worker || own === undefined) return
    const { attempt, hasStarted, hasOwnStarted } = other
    const turned = { attempt: task.attempt, worker: own }
    this.#others.set(task, { ...turned, hasStarted: hasOwnStarted, hasOwnStarted: hasStarted })
    this.#makeOwn(task, attempt, worker)
  }

  /** The task's own attempt is over: the other one takes its place. Returns whether it has started. */
  goOn(task: Task): boolean {
    const other = this.#others.get(task)
    if (other === undefined) return false
    this.#others.delete(task)
    this.#makeOwn(task, other.attempt, other.worker)
    return other.hasStarted
  }

  #makeOwn(task: Task, attempt: number, worker: NodeId): void {
    const last = this.lastAttempt(task)
    if (last > attempt) this.#lastAttempts.set(task, last)
    else this.#lastAttempts.delete(task)
    task.attempt = attempt
    task.worker = worker
  }

  /** The task has ended. Returns the attempt that is out beside the one that ended it. */
  end(task: Task): OtherAttempt | undefined {
    const other = this.#others.get(task)
    this.#others.delete(task)
    this.#running.delete(task)
    this.#lastAttempts.delete(task)
    return other
  }
}
