/**
 * The waiting tasks of one job, in the order of their numbers.
 *
 * New tasks come in order, so a plain queue holds them. Those that come back have lower numbers
 * and go first. Those that failed on some worker are set aside, for another worker.
 *
 * An entry is a hint: a task that was canceled, or whose late result came, stays in its queue and
 * is passed over when its turn comes.
 */
import { Heap } from './heap.ts'
import { SET_ASIDE_LOOK_MAX } from './limits.ts'
import { Queue } from './queue.ts'
import type { Task } from './task.ts'

export class WaitingTasks {
  readonly #fresh = new Queue<Task>()
  readonly #returned = new Heap<Task>((a, b) => a.number < b.number)
  readonly #setAside = new Queue<Task>()

  /** Adds a new task; its number is the highest so far. */
  push(task: Task): void {
    this.#fresh.push(task)
  }

  /** Adds a task that has been out before. */
  putBack(task: Task): void {
    if (task.avoids === undefined) this.#returned.push(task)
    else this.#setAside.push(task)
  }

  /** The next task for a worker, taken out; `suits` decides about those that were set aside. */
  take(suits: (task: Task) => boolean): Task | undefined {
    return (
      this.#takeSetAside(suits) ?? this.#takeFrom(this.#returned) ?? this.#takeFrom(this.#fresh)
    )
  }

  #takeSetAside(suits: (task: Task) => boolean): Task | undefined {
    const looks = Math.min(this.#setAside.size, SET_ASIDE_LOOK_MAX)
    for (let look = 0; look < looks; look++) {
      const task = this.#setAside.shift()
      if (task?.state !== 'waiting') continue
      if (suits(task)) return task
      this.#setAside.push(task)
    }
    return undefined
  }

  #takeFrom(
    source: { size: number } & ({ pop(): Task | undefined } | Queue<Task>)
  ): Task | undefined {
    while (source.size > 0) {
      const task = 'shift' in source ? source.shift() : source.pop()
      if (task?.state === 'waiting') return task
    }
    return undefined
  }
}
