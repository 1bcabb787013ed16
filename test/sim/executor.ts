/**
 * Runs tasks by waiting for as long as they are said to take. It outlives a pause of its node, as
 * child processes do, but not its end.
 */
import type { Outcome, Result } from '../../src/core/result.ts'
import { emptyResult } from '../../src/core/result.ts'
import type { Rng } from '../../src/core/rng.ts'
import type { AttemptRef, Millis } from '../../src/core/types.ts'
import type { WorkerEffect } from '../../src/core/worker/events.ts'
import type { WorkerNode } from './worker-node.ts'

/** What becomes of one attempt. */
export interface Fate {
  readonly ms: Millis
  readonly outcome: Outcome
}

/** Decides the fate of an attempt on the worker that has the plan. */
export type Plan = (rng: Rng, ref: AttemptRef) => Fate

type Start = Extract<WorkerEffect, { type: 'start' }>

interface Run {
  readonly start: Start
  readonly serial: number
  readonly since: Millis
  isStopping: boolean
}

/** The serial number of what never began. */
export const UNBEGUN = -1

/** After this long an executor tells that a task runs that had to wait. */
const BEGUN_MS = 10

export class SimExecutor {
  readonly #node: WorkerNode
  readonly #running = new Map<number, Run>()
  #waiting: Start[] = []
  #isDead = false

  constructor(node: WorkerNode) {
    this.#node = node
  }

  get size(): number {
    return this.#running.size + this.#waiting.length
  }

  start(start: Start): void {
    this.#waiting.push(start)
    const hasWaited = this.#running.size >= this.#node.slots
    this.#fill(hasWaited)
  }

  #fill(hasWaited: boolean): void {
    while (this.#running.size < this.#node.slots) {
      const start = this.#waiting.shift()
      if (start === undefined) return
      this.#begin(start)
      if (hasWaited) this.#tellBegun(start.run)
    }
  }

  /** Tells that a task that had to wait runs, if it still does by then. */
  #tellBegun(run: number): void {
    this.#node.world.clock.after(BEGUN_MS, () => {
      if (this.#running.has(run)) this.#node.deliver({ type: 'started', runs: [run] })
    })
  }

  #begin(start: Start): void {
    const { world } = this.#node
    const serial = world.checkers.onStart(this.#node, start, {
      others: [...this.#running.values()].map((run) => run.start),
      ofJob: this.#countOfJob(start) + 1
    })
    const { ms, outcome } = this.#node.plan(world.rng, start)
    this.#running.set(start.run, { start, serial, since: world.clock.now, isStopping: false })
    world.clock.after(ms, () => this.#end(start.run, outcome, ''))
  }

  /** Runs of the same job; one that is being stopped does not count any more. */
  #countOfJob({ master, job }: Start): number {
    let count = 0
    for (const { start, isStopping } of this.#running.values()) {
      if (start.job === job && start.master === master && !isStopping) count++
    }
    return count
  }

  stop(run: number): void {
    const running = this.#running.get(run)
    if (running !== undefined) running.isStopping = true
    const { clock, rng } = this.#node.world
    clock.after(rng.integer(1, 20), () => this.#end(run, 'failure', 'it was stopped'))
  }

  recall(run: number): void {
    this.#node.world.clock.after(1, () => {
      if (!this.#isDead) this.#giveBackWaiting(run)
    })
  }

  kill(): void {
    this.#isDead = true
    this.#waiting = []
    this.#running.clear()
  }

  /** A task that is stopped while it waits has not begun, so that nothing has to be undone. */
  #giveBackWaiting(run: number): boolean {
    const start = this.#waiting.find((each) => each.run === run)
    if (start === undefined) return false
    this.#waiting.splice(this.#waiting.indexOf(start), 1)
    const result = { ...emptyResult('returned', 'it had not begun'), startedAt: UNBEGUN }
    this.#node.deliver({ type: 'ended', ends: [{ run, result }] })
    return true
  }

  #end(run: number, outcome: Outcome, reason: string): void {
    if (this.#isDead || this.#giveBackWaiting(run)) return
    const running = this.#running.get(run)
    if (running === undefined) return
    this.#running.delete(run)
    this.#fill(true)
    const { checkers, clock } = this.#node.world
    const runtimeMs = clock.now - running.since
    checkers.onEnd(this.#node, running.start, runtimeMs)
    // The serial number rides along, so that a recorded result shows where it comes from.
    const result: Result = {
      ...emptyResult(outcome, reason),
      runtimeMs,
      startedAt: running.serial
    }
    this.#node.deliver({ type: 'ended', ends: [{ run, result }] })
  }
}
