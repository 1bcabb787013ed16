/**
 * One node, put together: the only place where adapters meet.
 *
 * Without a network it is a master and a worker in one process. With one it is also a member that
 * others find, and each of its roles serves whoever is admitted.
 */
import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { MasterNotice } from '../core/master/events.ts'
import type { Member } from '../core/members/events.ts'
import { KEEP_EPHEMERAL_MS } from '../core/limits.ts'
import type { Spec } from '../core/spec.ts'
import type { Isolation, Millis, NodeId } from '../core/types.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import { createExecutor } from '../exec/executor.ts'
import { endHelpers } from './head-start.ts'
import { aliveUntil, keepAlive } from './keep-alive.ts'
import type { ObtainBlob } from './link.ts'
import { keepLinked } from './local-session.ts'
import { MasterRole } from './master-role.ts'
import type { NetworkOptions, NetworkRole, NetworkRoleInit } from './network-role.ts'
import type { Refusal } from './refusals.ts'
import { WorkerRole } from './worker-role.ts'

export interface NodeOptions {
  /** What people call it. */
  readonly name: string
  /** How many tasks run here at once; undefined: it is no worker. */
  readonly slots: number | undefined
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
  /** An existing folder of this process, for output that does not fit into memory. */
  readonly scratch: string
  /** Undefined: this machine alone. */
  readonly network: NetworkOptions | undefined
}

/** What a node tells its user. */
export interface NodeListener {
  onNotice(notice: MasterNotice): void
  onMember(member: Readonly<Member>): void
  /** Another node was refused something. */
  onRefusal?(refusal: Refusal): void
  /** Something a person should know, in one line. */
  onProblem(text: string): void
}

/** How long a node that stops waits for those it says goodbye to. */
const STOP_TIMEOUT_MS = 10_000

export class Node {
  readonly boot: string
  readonly master: MasterRole | undefined
  readonly worker: WorkerRole | undefined
  readonly network: NetworkRole | undefined

  /**
   * Starts a node. Throws EXECUTOR_FAILED when tasks cannot be run here, NO_SANDBOX when functions
   * cannot be run as they have to be, PORT_IN_USE when an address cannot be listened on.
   */
  static async start(options: NodeOptions, listener: NodeListener): Promise<Node> {
    return await aliveUntil(Node.#start(options, listener))
  }

  static async #start(options: NodeOptions, listener: NodeListener): Promise<Node> {
    const boot = randomUUID()
    const folders = { spool: join(options.scratch, 'spool'), blobs: join(options.scratch, 'blobs') }
    for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true, mode: 0o700 })
    const blobs = new BlobStore(folders.blobs)
    const worker = await startWorker(options, boot, blobs, folders.spool, listener)
    const master = options.isMaster ? makeMaster(options, blobs, listener) : undefined
    try {
      const network = await joinNetwork(options, { boot, blobs, master, worker, listener })
      return new Node(boot, master, worker, network, options.isBackground)
    } catch (error) {
      await worker?.stop()
      master?.stop()
      throw error
    }
  }

  private constructor(
    boot: string,
    master: MasterRole | undefined,
    worker: WorkerRole | undefined,
    network: NetworkRole | undefined,
    isBackground: boolean
  ) {
    this.boot = boot
    this.master = master
    this.worker = worker
    this.network = network
    if (!isBackground) this.#letGo = keepAlive()
    if (master !== undefined && worker !== undefined) {
      const share: ObtainBlob = (ref) => worker.share(ref)
      const isStopped = (): boolean => this.#stopped !== undefined
      void keepLinked(master, worker, { id: this.id, boot, share, isStopped })
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

  #stopped: Promise<void> | undefined
  #letGo: () => void = () => undefined

  async #stop(): Promise<void> {
    this.master?.drain()
    if (this.worker !== undefined) {
      const timeout = Promise.withResolvers<undefined>()
      const timer = setTimeout(() => timeout.resolve(undefined), STOP_TIMEOUT_MS)
      await Promise.race([this.worker.leave(), timeout.promise])
      clearTimeout(timer)
    }
    this.master?.stop()
    await this.worker?.stop()
    await this.network?.stop()
    this.#letGo()
  }
}

const LOCAL = 'local' as NodeId

/** libp2p is loaded only for this: a node that stays alone starts three times as fast. */
async function joinNetwork(
  { network, name }: NodeOptions,
  parts: Omit<NetworkRoleInit, 'options' | 'name'>
): Promise<NetworkRole | undefined> {
  if (network === undefined) return undefined
  const { NetworkRole } = await import('./network-role.ts')
  return await NetworkRole.start({ ...parts, options: network, name })
}

async function startWorker(
  options: NodeOptions,
  boot: string,
  blobs: BlobStore,
  folder: string,
  listener: NodeListener
): Promise<WorkerRole | undefined> {
  const { slots, name, isolation, requiresSandbox, firstKind } = options
  if (slots === undefined) {
    endHelpers()
    return undefined
  }
  return await WorkerRole.create({
    config: { boot, name, slots },
    blobs,
    createExecutor: (events) =>
      createExecutor({ slots, folder, isolation, requiresSandbox, firstKind }, events),
    onProblem: (text) => listener.onProblem(text)
  })
}

function makeMaster(options: NodeOptions, blobs: BlobStore, listener: NodeListener): MasterRole {
  return new MasterRole({
    config: {
      leaseMs: options.leaseMs,
      keepMs: KEEP_EPHEMERAL_MS,
      isDurable: false,
      seed: Math.floor(Math.random() * 2 ** 32)
    },
    blobs,
    onNotice: (notice) => listener.onNotice(notice),
    onProblem: (text) => listener.onProblem(text)
  })
}
