/**
 * The waiting tasks of one job, in the order of their numbers.
 *
 * New tasks come in order, so a plain queue holds them. Those that come back have lower numbers
 * and go first. Those that failed on some worker are set aside, for another worker.
 *
 * An entry is a hint: a task that was canceled, or whose late result came, stays in its queue and
 * is passed over when its turn comes. It counts in the queue that it came into last.
 */
import { Heap } from './heap.ts'
import { SET_ASIDE_LOOK_MAX } from './limits.ts'
import { Queue } from './queue.ts'
import type { Task, WaitingQueue } from './task.ts'

export class WaitingTasks {
  readonly #fresh = new Queue<Task>()
  readonly #returned = new Heap<Task>((a, b) => a.number < b.number)
  readonly #setAside = new Queue<Task>()

  /** For invariants: a task leaves one in each queue at most. */
  get entries(): number {
    return this.#fresh.size + this.#returned.size + this.#setAside.size
  }

  /** Adds a new task; its number is the highest so far. */
  push(task: Task): void {
    task.queue = 'fresh'
    this.#fresh.push(task)
  }

  /** Adds a task that has been out before. */
  putBack(task: Task): void {
    const queue = task.avoids === undefined ? 'returned' : 'setAside'
    // It left without being taken: its entry is still there.
    if (task.queue === queue) return
    task.queue = queue
    if (queue === 'returned') this.#returned.push(task)
    else this.#setAside.push(task)
  }

  /** The next task for a worker, taken out; `suits` decides about those that were set aside. */
  take(suits: (task: Task) => boolean): Task | undefined {
    const task = this.#takeSetAside(suits) ?? this.#takeFirst()
    if (task !== undefined) task.queue = undefined
    return task
  }

  /** There is a task for the worker. */
  has(suits: (task: Task) => boolean): boolean {
    if (hasWaiting(this.#returned, 'returned') || hasWaiting(this.#fresh, 'fresh')) return true
    const task = this.#takeSetAside(suits)
    if (task !== undefined) this.#setAside.push(task)
    return task !== undefined
  }

  #takeFirst(): Task | undefined {
    if (hasWaiting(this.#returned, 'returned')) return this.#returned.pop()
    return hasWaiting(this.#fresh, 'fresh') ? this.#fresh.shift() : undefined
  }

  #takeSetAside(suits: (task: Task) => boolean): Task | undefined {
    const looks = Math.min(this.#setAside.size, SET_ASIDE_LOOK_MAX)
    for (let look = 0; look < looks; look++) {
      const task = this.#setAside.shift()
      if (task === undefined || !isWaitingIn(task, 'setAside')) continue
      if (suits(task)) return task
      this.#setAside.push(task)
    }
    return undefined
  }
}

type Source = Queue<Task> | Heap<Task>

/** Whether a waiting task comes first in it, after what comes before has been taken out. */
function hasWaiting(source: Source, name: WaitingQueue): boolean {
  for (let task = source.peek(); task !== undefined; task = source.peek()) {
    if (isWaitingIn(task, name)) return true
    if (source instanceof Queue) source.shift()
    else source.pop()
  }
  return false
}

/** The entry counts; otherwise it goes. */
function isWaitingIn(task: Task, name: WaitingQueue): boolean {
  if (task.queue !== name) return false
  if (task.state === 'waiting') return true
  task.queue = undefined
  return false
}
