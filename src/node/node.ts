/**
 * One node, put together: the only place where adapters meet.
 *
 * Without a network it is a master and a worker in one process. With one it is also a member that
 * others find, and each of its roles serves whoever is admitted.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Amounts, Labels } from '../core/abilities.ts'
import type { MasterNotice } from '../core/master/events.ts'
import type { Member } from '../core/members/events.ts'
import type { Spec } from '../core/spec.ts'
import type { Isolation, Millis, NodeId } from '../core/types.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import { createExecutor } from '../exec/executor.ts'
import type { ExecutorInit } from '../exec/executor.ts'
import { DiskWatch } from './disk-watch.ts'
import type { DiskState } from './disk-watch.ts'
import type { DurableJobs } from './durable-jobs.ts'
import { endHelpers } from './head-start.ts'
import { aliveUntil, keepAlive } from './keep-alive.ts'
import type { ObtainBlob } from './link.ts'
import { keepLinked } from './local-session.ts'
import { machineAmounts, machineLabels } from './machine.ts'
import { ManagerRole } from './manager-role.ts'
import type { ManagerRoleInit } from './manager-role.ts'
import type { MasterRole } from './master-role.ts'
import type { NetworkOptions, NetworkRole, NetworkRoleInit } from './network-role.ts'
import type { Refusal } from './refusals.ts'
import { openSpool } from './open-spool.ts'
import { openStores, startMaster } from './start-master.ts'
import type { DurablePlaces, Stores } from './start-master.ts'
import { openForTask } from './task-managers.ts'
import { WorkerRole } from './worker-role.ts'

export interface NodeOptions {
  /** What people call it. */
  readonly name: string
  /** How many tasks run here at once; undefined: it is no worker. */
  readonly slots: number | undefined
  /** What it says of its machine, besides what every machine says; and what tasks can take of it. */
  readonly labels?: Labels
  readonly resources?: Amounts
  /** What functions run in here. */
  readonly isolation: Isolation
  /** Whatever `isolation` says, they run in a sandbox or not at all. */
  readonly requiresSandbox: boolean
  /** The kind of task that is to find its processes ready. */
  readonly firstKind: Spec['kind']
  readonly isMaster: boolean
  readonly leaseMs: Millis
  /** It does not keep its process alive. */
  readonly isBackground: boolean
  /** An existing folder of this process, for output that does not fit into memory; it goes with it. */
  readonly scratch: string
  /** An existing folder on the disk of all that this node keeps; it may become full. */
  readonly data: string
  /** Where a master keeps its jobs over its restarts; undefined: they end with the process. */
  readonly durable: DurablePlaces | undefined
  /**
   * A folder of this node and those that come after it, for results whose masters are away;
   * undefined: such results end with the node.
   */
  readonly spool: string | undefined
  /** A manager of shared objects that it serves. */
  readonly manager?: ManagerRoleInit | undefined
  /** Undefined: this machine alone. */
  readonly network: NetworkOptions | undefined
}

/** What a node tells its user. */
export interface NodeListener {
  onNotice(notice: MasterNotice): void
  onMember(member: Readonly<Member>): void
  /** Another node was refused something. */
  onRefusal?(refusal: Refusal): void
  /** The disk of all that the node keeps has become full, or has space again. */
  onDisk?(disk: DiskState): void
  /**
   * Something a person should know, in one line; `isPassing`: trouble with one connection, which is
   * healed by itself.
   */
  onProblem(text: string, isPassing?: boolean): void
}

/** Why a worker takes nothing then, for people at its masters. */
const DISK_IS_FULL = 'the disk of the worker is full'

/** How long a node that stops waits for those it says goodbye to. */
const STOP_TIMEOUT_MS = 10_000

export class Node {
  readonly boot: string
  readonly master: MasterRole | undefined
  readonly worker: WorkerRole | undefined
  /** The manager of shared objects that is served here. */
  readonly manager: ManagerRole | undefined
  readonly network: NetworkRole | undefined
  /** The jobs of a durable master. */
  readonly jobs: DurableJobs | undefined

  /**
   * Starts a node. Throws EXECUTOR_FAILED when tasks cannot be run here, NO_SANDBOX when functions
   * cannot be run as they have to be, PORT_IN_USE when an address cannot be listened on, and
   * JOURNAL_FAILED or JOURNAL_NEWER when the journal cannot be used.
   */
  static async start(options: NodeOptions, listener: NodeListener): Promise<Node> {
    return await aliveUntil(Node.#start(options, listener))
  }

  static async #start(options: NodeOptions, listener: NodeListener): Promise<Node> {
    const boot = randomUUID()
    const folders = { spool: join(options.scratch, 'spool'), blobs: join(options.scratch, 'blobs') }
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 })
    const stores = await openStores(options.durable, folders.blobs)
    const { data: folder } = options
    const disk = new DiskWatch({
      folder,
      onChanged: (isFull) => {
        worker?.pause(isFull ? DISK_IS_FULL : undefined)
        listener.onDisk?.({ folder, isFull })
      }
    })
    let worker: WorkerRole | undefined
    let master: MasterRole | undefined
    let manager: ManagerRole | undefined
    try {
      let network: NetworkRole | undefined = undefined
      const openManager = (manager: string) => openForTask(manager, options.name, network)
      worker = await startWorker(options, boot, stores.blobs, folders.spool, {
        listener,
        disk,
        openManager
      })
      const started = options.isMaster
        ? await startMaster(stores, { boot, leaseMs: options.leaseMs, ...bound(listener) })
        : undefined
      master = started?.master
      const { blobs } = stores
      manager = options.manager && (await ManagerRole.start(options.manager))
      const roles = { master, worker, manager }
      network = await joinNetwork(options, { boot, blobs, ...roles, listener, disk })
      const parts = { boot, ...roles, network, jobs: started?.jobs, stores, disk }
      return new Node(parts, options.isBackground)
    } catch (error) {
      disk.stop()
      await worker?.stop()
      master?.stop()
      await manager?.close()
      await stores.journal?.close()
      throw error
    }
  }

  private constructor(parts: Parts, isBackground: boolean) {
    const { boot, master, worker, manager, network, jobs, stores, disk } = parts
    this.boot = boot
    this.master = master
    this.worker = worker
    this.manager = manager
    this.network = network
    this.jobs = jobs
    this.#stores = stores
    this.#disk = disk
    jobs?.startPruning()
    if (!isBackground) this.#letGo = keepAlive()
    if (master !== undefined && worker !== undefined) {
      const share: ObtainBlob = (ref) => worker.share(ref)
      const isStopped = (): boolean => this.#stopped !== undefined
      void keepLinked(master, worker, { id: this.id, share, isStopped })
    }
  }

  /** The peer id; a node without a network has none and is called `local`. */
  get id(): NodeId {
    return this.network?.id ?? LOCAL
  }

  /** Lets what runs here end, then leaves. */
  async drain(): Promise<void> {
    this.master?.drain()
    await aliveUntil(this.worker?.drain() ?? Promise.resolve())
    await this.stop()
  }

  /** Gives back what runs here, says goodbye, and ends every process. Can be called again. */
  async stop(): Promise<void> {
    this.#stopped ??= aliveUntil(this.#stop())
    await this.#stopped
  }

  readonly #stores: Stores
  readonly #disk: DiskWatch
  #stopped: Promise<void> | undefined
  #letGo: () => void = () => undefined

  async #stop(): Promise<void> {
    this.#disk.stop()
    this.master?.drain()
    if (this.worker !== undefined) await atMost(STOP_TIMEOUT_MS, this.worker.leave())
    if (this.master !== undefined) await atMost(STOP_TIMEOUT_MS, this.master.flushed())
    if (this.manager !== undefined) await atMost(STOP_TIMEOUT_MS, this.manager.close())
    this.jobs?.stop()
    this.master?.stop()
    await this.worker?.stop()
    await this.network?.stop()
    await this.#stores.journal?.close()
    this.#letGo()
  }
}

/** Waits for work that may never end. */
async function atMost(milliseconds: Millis, work: Promise<void>): Promise<void> {
  const timeout = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => timeout.resolve(undefined), milliseconds)
  await Promise.race([work, timeout.promise])
  clearTimeout(timer)
}

interface Parts {
  readonly boot: string
  readonly master: MasterRole | undefined
  readonly worker: WorkerRole | undefined
  readonly manager: ManagerRole | undefined
  readonly network: NetworkRole | undefined
  readonly jobs: DurableJobs | undefined
  readonly stores: Stores
  readonly disk: DiskWatch
}

const LOCAL = 'local' as NodeId

function bound(listener: NodeListener): Pick<NodeListener, 'onNotice' | 'onProblem'> {
  return {
    onNotice: (notice) => listener.onNotice(notice),
    onProblem: (text, isPassing) => listener.onProblem(text, isPassing)
  }
}

/** libp2p is loaded only for this: a node that stays alone starts three times as fast. */
async function joinNetwork(
  { network, name }: NodeOptions,
  parts: Omit<NetworkRoleInit, 'options' | 'name'>
): Promise<NetworkRole | undefined> {
  if (network === undefined) return undefined
  const { NetworkRole } = await import('./network-role.ts')
  return await NetworkRole.start({ ...parts, options: network, name })
}

interface WorkerSurroundings extends Pick<ExecutorInit, 'openManager'> {
  readonly listener: NodeListener
  readonly disk: DiskWatch
}

async function startWorker(
  options: NodeOptions,
  boot: string,
  blobs: BlobStore,
  folder: string,
  { listener, disk, openManager }: WorkerSurroundings
): Promise<WorkerRole | undefined> {
  const { slots, name, isolation, requiresSandbox, firstKind, scratch: remains } = options
  if (slots === undefined) {
    endHelpers()
    return undefined
  }
  const { onProblem } = bound(listener)
  const spool = options.spool === undefined ? undefined : await openSpool(options.spool, onProblem)
  try {
    return await WorkerRole.create({
      config: {
        boot,
        name,
        slots,
        labels: machineLabels(options.labels),
        amounts: machineAmounts(options.resources)
      },
      blobs,
      spool,
      disk,
      createExecutor: (events) =>
        createExecutor(
          { slots, folder, remains, isolation, requiresSandbox, firstKind, openManager },
          events
        ),
      onProblem
    })
  } catch (error) {
    await spool?.close()
    throw error
  }
}
