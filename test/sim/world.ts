/**
 * One simulated network: the clock, the wires, the nodes, and what a user wants of them. Scenarios
 * furnish it and let it run.
 */
import type { JobOptions } from '../../src/core/job.ts'
import { OUTPUT_BYTES_MAX } from '../../src/core/limits.ts'
import type { MasterEvent } from '../../src/core/master/events.ts'
import { Rng } from '../../src/core/rng.ts'
import type { ShellSpec } from '../../src/core/spec.ts'
import type { JobId, Millis, Payload } from '../../src/core/types.ts'
import { Checkers, Violation } from './checkers.ts'
import { Clock } from './clock.ts'
import type { Plan } from './executor.ts'
import { MasterNode } from './master-node.ts'
import { Network } from './network.ts'
import { Trace } from './trace.ts'
import type { Variant } from './variants.ts'
import { WorkerNode } from './worker-node.ts'
import type { Abilities } from './worker-node.ts'

/** Up to this many workers, the machines' own invariants are checked after every event. */
const SMALL_WORLD = 20
const NO_INPUT = new Uint8Array(0)

export interface JobWish {
  readonly tasks: number
  readonly options?: Partial<JobOptions>
  readonly spec?: Partial<ShellSpec>
}

export class World {
  readonly clock = new Clock()
  readonly trace = new Trace()
  readonly checkers = new Checkers(this.clock)
  readonly network: Network
  readonly rng: Rng
  readonly variant: Variant
  readonly masters: MasterNode[] = []
  readonly workers: WorkerNode[] = []
  /** Masters of this world are restarted: keep what they write. */
  keepsJournal = true
  checkEvery = 1
  /** From here on nothing bad happens any more. */
  faultsEndAt: Millis = 0
  /** How much had happened when it was last asked whether all is done. */
  #judged = -1
  readonly #submitted = new Map<MasterNode, number>()

  constructor(seed: number, variant: Variant) {
    this.rng = new Rng(seed)
    this.variant = variant
    this.network = new Network(this)
  }

  addMaster(): MasterNode {
    const master = new MasterNode(this, this.masters.length)
    this.masters.push(master)
    this.#submitted.set(master, 0)
    return master
  }

  /** Masters come first: a worker dials those that are there. */
  addWorker(slots: number, plan: Plan, abilities: Abilities = {}): WorkerNode {
    const index = this.masters.length + this.workers.length
    const worker = new WorkerNode(this, index, slots, plan, abilities)
    this.workers.push(worker)
    this.checkEvery = this.workers.length <= SMALL_WORLD ? 1 : 4096
    worker.connect()
    return worker
  }

  /** Submits a job and closes it; returns its id. The master has to be up. */
  submit(master: MasterNode, { tasks, options, spec }: JobWish): JobId {
    const jobs = (this.#submitted.get(master) ?? 0) + 1
    this.#submitted.set(master, jobs)
    const job = jobs as JobId
    const inputs = new Array<Payload>(tasks).fill(NO_INPUT)
    const whole = { priority: 0, retries: 0, ...options }
    this.tell(master, { type: 'submit', job, spec: { ...SPEC, ...spec }, options: whole })
    this.tell(master, { type: 'add', job, inputs })
    this.tell(master, { type: 'close', job })
    return job
  }

  /** Brings a user's wish to a master; a user whose master does not answer tries again. */
  tell(master: MasterNode, event: MasterEvent): void {
    if (master.isUp && !master.isPaused) master.deliver(event)
    else this.clock.after(100, () => this.tell(master, event))
  }

  /** Runs until all jobs have ended, and for `quietMs` more; throws when `endMs` comes first. */
  run(endMs: Millis, quietMs: Millis = 15_000): void {
    while (!this.#isDone()) {
      if (!this.clock.step(endMs)) throw new Violation(this.#unfinished())
    }
    const end = this.clock.now + quietMs
    while (this.clock.step(end));
    this.#checkEnd()
  }

  #isDone(): boolean {
    const { changes } = this.checkers
    if (this.clock.now < this.faultsEndAt || changes === this.#judged) return false
    this.#judged = changes
    return this.masters.every((master) => this.#hasEnded(master))
  }

  #hasEnded(master: MasterNode): boolean {
    return this.checkers.hasEnded(master.id, this.#submitted.get(master) ?? 0)
  }

  #unfinished(): string {
    const left = this.masters.filter((master) => !this.#hasEnded(master)).map(({ id }) => id)
    return `after ${this.clock.now} ms, jobs of ${left.join(', ')} have not ended`
  }

  #checkEnd(): void {
    for (const master of this.masters) {
      master.check()
      if (master.machine.state.jobs.size > 0) throw new Violation(`${master.id} keeps ended jobs`)
    }
    for (const worker of this.workers) {
      worker.check()
      const kept = worker.isUp ? worker.executor.size : 0
      if (kept > 0) throw new Violation(`${worker.id} still runs ${kept} tasks`)
    }
    this.checkers.atEnd()
  }
}

const SPEC: ShellSpec = {
  kind: 'shell',
  command: 'simulated',
  directory: '/',
  environment: {},
  timeoutMs: undefined,
  outputBytesMax: OUTPUT_BYTES_MAX,
  slotsMax: undefined
}
