/**
 * A master in the simulator: its machine, its journal, and the sessions that workers opened.
 */
import { checkMaster } from '../../src/core/invariants.ts'
import { KEEP_DURABLE_MS, LEASE_MS } from '../../src/core/limits.ts'
import type { MasterEffect, MasterEvent } from '../../src/core/master/events.ts'
import type { Master } from '../../src/core/master/master.ts'
import type { MasterConfig } from '../../src/core/master/state.ts'
import type { WorkerMessage } from '../../src/core/messages.ts'
import type { NodeId } from '../../src/core/types.ts'
import { Ledger } from '../support/ledger.ts'
import type { Session } from './network.ts'
import { mustEqual } from './rebuilt.ts'
import { SimNode } from './sim-node.ts'
import type { World } from './world.ts'

export class MasterNode extends SimNode<MasterEvent, MasterEffect> {
  readonly id: NodeId
  readonly epoch: string
  readonly config: MasterConfig
  machine: Master
  /** On disk: survives the process. */
  readonly journal = new Ledger()
  readonly sessions = new Map<number, Session>()
  /** It dies in its next event, between the commit and the sends. */
  diesAfterCommit = false

  constructor(world: World, index: number) {
    super(world, index, { type: 'wake' })
    this.id = `master-${index}` as NodeId
    this.epoch = `epoch-${index}`
    const seed = world.rng.integer(1, 1_000_000)
    this.config = { leaseMs: LEASE_MS, keepMs: KEEP_DURABLE_MS, isDurable: true, seed }
    this.machine = world.variant.newMaster(this.config)
    this.begin()
  }

  /** The machine ends at once. `isSilent`: as when its power fails, nobody is told. */
  crash(isSilent: boolean): void {
    if (!this.isUp) return
    this.end()
    for (const session of this.sessions.values()) {
      session.isOpenAtMaster = false
      if (!isSilent) this.world.network.close(session)
    }
    this.sessions.clear()
    this.diesAfterCommit = false
  }

  /** Starts again, from the journal. */
  restart(): void {
    if (this.isUp) return
    const dead = this.machine
    this.machine = this.world.variant.newMaster(this.config)
    for (const saved of this.journal.saved()) this.machine.restore(saved)
    mustEqual(dead.state, this.machine.state)
    this.world.checkers.onRebuilt(this.id)
    this.begin()
    this.deliver({ type: 'recovered' })
  }

  opened(session: Session): void {
    this.sessions.set(session.number, session)
  }

  closed(session: Session): void {
    session.isOpenAtMaster = false
    this.sessions.delete(session.number)
    const { number, worker } = session
    this.deliver({ type: 'disconnected', worker: worker.id, session: number })
  }

  hear({ number, worker }: Session, message: WorkerMessage): void {
    this.deliver({ type: 'message', worker: worker.id, session: number, message })
  }

  protected override perform(effects: MasterEffect[]): void {
    const { checkers, network } = this.world
    for (const effect of effects) {
      if (effect.type !== 'journal') break
      if (this.world.keepsJournal) this.journal.add(effect.record)
      checkers.onRecord(this, effect.record)
    }
    if (this.diesAfterCommit) {
      this.crash(this.world.rng.next() < 0.5)
      return
    }
    for (const effect of effects) {
      if (effect.type === 'emit') checkers.onNotice(this, effect.notice)
      if (effect.type === 'emit' || effect.type === 'journal') continue
      const session = this.sessions.get(effect.session)
      if (session === undefined) continue
      if (effect.type === 'send') network.toWorker(session, effect.message)
      else this.#disconnect(session)
    }
  }

  #disconnect(session: Session): void {
    this.world.network.close(session)
    session.isOpenAtMaster = false
    this.sessions.delete(session.number)
  }

  override check(): void {
    checkMaster(this.machine.state)
  }
}
