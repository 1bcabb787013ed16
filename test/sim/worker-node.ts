/**
 * A worker in the simulator: its machine, its executor, and its session to each master.
 */
import type { Amounts, Labels } from '../../src/core/abilities.ts'
import { checkWorker } from '../../src/core/invariants.ts'
import type { MasterMessage } from '../../src/core/messages.ts'
import type { NodeId } from '../../src/core/types.ts'
import type { WorkerEffect, WorkerEvent } from '../../src/core/worker/events.ts'
import type { Worker } from '../../src/core/worker/worker.ts'
import { WorkerDisk } from './worker-disk.ts'
import { SimExecutor } from './executor.ts'
import type { Plan } from './executor.ts'
import type { MasterNode } from './master-node.ts'
import type { Session } from './network.ts'
import { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

/** What jobs can ask for. */
export interface Abilities {
  readonly labels?: Labels
  readonly amounts?: Amounts
}

export class WorkerNode extends SimNode<WorkerEvent, WorkerEffect> {
  readonly id: NodeId
  readonly slots: number
  readonly plan: Plan
  readonly abilities: Abilities
  machine: Worker
  executor: SimExecutor
  /** It has said goodbye to all and is gone for good. */
  hasLeft = false
  /** Survives the process. */
  readonly #disk: WorkerDisk
  readonly #sessions = new Map<NodeId, Session>()

  constructor(world: World, index: number, slots: number, plan: Plan, abilities: Abilities = {}) {
    super(world, index, { type: 'wake' })
    this.id = `worker-${index}` as NodeId
    this.slots = slots
    this.plan = plan
    this.abilities = abilities
    this.#disk = new WorkerDisk(this)
    this.machine = this.#newMachine()
    this.executor = new SimExecutor(this)
    this.begin()
  }

  #newMachine(): Worker {
    const boot = `${this.id}-${this.life + 1}`
    return this.world.variant.newWorker({
      boot,
      name: this.id,
      slots: this.slots,
      ...this.abilities
    })
  }

  /** Opens a session to every master there is. */
  connect(): void {
    for (const master of this.world.masters) this.world.network.dial(this, master)
  }

  /** The process and all it runs end at once. `isSilent`: as when the power fails. */
  crash(isSilent: boolean): void {
    if (!this.isUp) return
    this.end()
    for (const session of this.#sessions.values()) {
      session.isOpenAtWorker = false
      if (!isSilent) this.world.network.close(session)
    }
    this.#sessions.clear()
    this.executor.kill()
  }

  /** Starts again, with nothing in hand but what is on disk. */
  restart(): void {
    if (this.isUp || this.hasLeft) return
    this.machine = this.#newMachine()
    this.executor = new SimExecutor(this)
    this.begin()
    for (const restored of this.#disk.load()) this.deliver(restored)
    this.connect()
  }

  /** True while it has no session with the master and would open one. */
  wants(master: MasterNode): boolean {
    return !this.hasLeft && !this.#sessions.has(master.id)
  }

  sessionWith(master: MasterNode): Session | undefined {
    return this.#sessions.get(master.id)
  }

  opened(session: Session): void {
    const { master, number } = session
    this.#sessions.set(master.id, session)
    this.deliver({ type: 'connected', master: master.id, epoch: master.epoch, session: number })
  }

  closed(session: Session): void {
    const { master, number } = session
    this.#forget(session)
    this.deliver({ type: 'disconnected', master: master.id, session: number })
    this.world.network.dial(this, master)
  }

  hear({ number, master }: Session, message: MasterMessage): void {
    this.deliver({ type: 'message', master: master.id, session: number, message })
  }

  #forget(session: Session): void {
    session.isOpenAtWorker = false
    if (this.#sessions.get(session.master.id) === session) this.#sessions.delete(session.master.id)
  }

  protected override perform(effects: WorkerEffect[]): void {
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: WorkerEffect): void {
    switch (effect.type) {
      case 'send': {
        const session = this.#sessions.get(effect.master)
        if (session?.number === effect.session) this.#send(session, effect)
        return
      }
      case 'disconnect': {
        const session = this.#sessions.get(effect.master)
        if (session?.number !== effect.session) return
        this.world.network.close(session)
        this.#forget(session)
        this.world.network.dial(this, session.master)
        return
      }
      case 'start':
        this.executor.start(effect)
        return
      case 'stop':
        this.executor.stop(effect.run)
        return
      case 'recall':
        this.executor.recall(effect.run)
        return
      case 'read':
        // Nobody follows what simulated tasks print.
        return
      case 'keep':
        this.#disk.keep(effect)
        return
      case 'release':
        this.#disk.forget(effect)
        this.world.checkers.onRelease(this, effect.result)
        return
      case 'drained':
        this.hasLeft = true
    }
  }

  #send(session: Session, { message }: Extract<WorkerEffect, { type: 'send' }>): void {
    this.world.network.toMaster(session, message)
    if (message.type !== 'bye') return
    // The stream ends behind its last message, and is not opened again.
    this.world.network.close(session)
    this.#forget(session)
  }

  override check(): void {
    checkWorker(this.machine.state)
  }
}
