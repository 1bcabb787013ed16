/**
 * `Manager`: objects that programs on many machines share, after `multiprocessing.Manager`.
 */
import { callback, checkGiven } from '../core/checks.ts'
import { P2pJobsError } from '../core/errors.ts'
import { LEASE_MS } from '../core/limits.ts'
import type { ClientMessage, ManagerMessage } from '../core/manager/messages.ts'
import { shown } from '../core/shown.ts'
import { localLinks } from '../node/local-link.ts'
import { machineName } from '../node/machine.ts'
import { ManagerConnection } from '../node/manager-connection.ts'
import type { ClientLink } from '../node/manager-connection.ts'
import type { StartedNode } from '../node/start.ts'
import { offerHere } from '../node/task-managers.ts'
import type { OpenLink } from '../node/task-managers.ts'
import { Barrier } from '../proxies/barrier.ts'
import type { BarrierOptions } from '../proxies/barrier.ts'
import { Condition } from '../proxies/condition.ts'
import type { ConditionOptions } from '../proxies/condition.ts'
import { Custom } from '../proxies/custom.ts'
import type { Proxied } from '../proxies/custom.ts'
import { Registry } from './registry.ts'
import { Dict } from '../proxies/dict.ts'
import { Event } from '../proxies/event.ts'
import type { Key } from '../proxies/keys.ts'
import { List } from '../proxies/list.ts'
import { Lock, RLock } from '../proxies/lock.ts'
import { startManagerNode } from './manager-node.ts'
import { checkObjectName, checkOptions } from '../proxies/options.ts'
import { checkManagerOptions, connectTimes } from './options.ts'
import type { ConnectOptions, Factory, ManagerOptions } from './options.ts'
import { JoinableQueue, Queue } from '../proxies/queue.ts'
import type { QueueOptions } from '../proxies/queue.ts'
import { BoundedSemaphore, Semaphore } from '../proxies/semaphore.ts'
import { Shared } from '../proxies/shared.ts'
import type { Calls } from '../proxies/shared.ts'
import { Value } from '../proxies/value.ts'

const DEFAULT_NAME = 'manager'

/**
 * A manager's objects, each by its name: the first who names one makes it, and all who name it share
 * it.
 *
 *     await using manager = await Manager.start({ name: 'queues' })       // one program
 *     await using manager = await Manager.connect('queues')               // all others
 *     const jobs = manager.queue<Job>('jobs')
 */
export class Manager implements AsyncDisposable {
  readonly name: string
  readonly #started: StartedNode
  readonly #connection: ManagerConnection
  readonly #registry: Registry | undefined
  readonly #calls: Calls
  /** Tasks of this program do not reach it by this any more. */
  readonly #withdraw: () => void
  readonly #made = new Map<string, Shared>()
  #stopped: Promise<void> | undefined

  /**
   * Serves a manager, in this program and for as long as it lives. Throws NO_NETWORK where this home
   * has no token of the network, USAGE, BAD_HOME, PORT_IN_USE; with `durable`, JOURNAL_FAILED where
   * another program of this home serves it, JOURNAL_FULL, JOURNAL_NEWER.
   */
  static async start(options: ManagerOptions = {}): Promise<Manager> {
    checkManagerOptions(options)
    const { name = DEFAULT_NAME, leaseMs = LEASE_MS, local = false, durable = false } = options
    const registry = new Registry()
    const started = await startManagerNode(options, local, {
      name,
      leaseMs,
      isDurable: durable,
      onInvoke: async (object, method, args) => await registry.invoke(object, method, args)
    })
    const { node } = started
    const openLink = (): Promise<ClientLink> => {
      const [there, here] = localLinks<ManagerMessage, ClientMessage>()
      node.manager?.accept(node.id, there)
      return Promise.resolve(here)
    }
    const connection = new ManagerConnection({ manager: name, name: nameOf(options), openLink })
    return new Manager(name, started, connection, { registry, openLink })
  }

  /**
   * Connects with the manager of that name, wherever in the network it is served. Throws NOT_SERVED
   * where nobody is found that does, and NO_NETWORK, USAGE, BAD_HOME.
   */
  static async connect(name = DEFAULT_NAME, options: ConnectOptions = {}): Promise<Manager> {
    const { timeoutMs, awayMs } = connectTimes(name, options)
    const { signal } = options
    signal?.throwIfAborted()
    const started = await startManagerNode(options, false, undefined)
    const { network } = started.node
    let withinMs = timeoutMs
    const openLink: OpenLink = async (within, stop) => {
      if (network === undefined) throw new P2pJobsError('NO_NETWORK', 'there is no network')
      return await network.openManager(name, within, stop)
    }
    const connection = new ManagerConnection({
      manager: name,
      name: nameOf(options),
      awayMs,
      openLink: async (stop) => {
        const link = await openLink(withinMs, stop)
        withinMs = awayMs
        return link
      }
    })
    const onAbort = (): void => void connection.leave()
    signal?.addEventListener('abort', onAbort)
    try {
      await connection.opened()
    } catch (error) {
      await connection.leave()
      await started.stop()
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
    return new Manager(name, started, connection, { registry: undefined, openLink })
  }

  private constructor(
    name: string,
    started: StartedNode,
    connection: ManagerConnection,
    { registry, openLink }: { registry: Registry | undefined; openLink: OpenLink }
  ) {
    this.name = name
    this.#started = started
    this.#connection = connection
    this.#registry = registry
    const network = started.node.network?.tag
    this.#withdraw = offerHere({ name, network, open: openLink })
    let handles = 0
    this.#calls = { manager: name, connection, nextHandle: () => ++handles }
  }

  /** This program serves it. */
  get isServing(): boolean {
    return this.#registry !== undefined
  }

  /** Where this program's node listens: `join` of others may name it. */
  get addresses(): readonly string[] {
    return this.#started.node.network?.addresses ?? []
  }

  /** `Queue`: first in, first out. */
  queue<Item = unknown>(name: string, options: QueueOptions = {}): Queue<Item> {
    return this.#once(name, Queue<Item>, () => new Queue<Item>(this.#calls, name, options))
  }

  /** `JoinableQueue`: a queue whose items are counted until they are done. */
  joinableQueue<Item = unknown>(name: string, options: QueueOptions = {}): JoinableQueue<Item> {
    const make = () => new JoinableQueue<Item>(this.#calls, name, options)
    return this.#once(name, JoinableQueue<Item>, make)
  }

  lock(name: string): Lock {
    return this.#once(name, Lock, () => new Lock(this.#calls, name))
  }

  /** A new holder each time: what one has taken, only it can take again. */
  rlock(name: string): RLock {
    return new RLock(this.#calls, name)
  }

  semaphore(name: string, value = 1): Semaphore {
    return this.#once(name, Semaphore, () => new Semaphore(this.#calls, name, value))
  }

  boundedSemaphore(name: string, value = 1): BoundedSemaphore {
    return this.#once(name, BoundedSemaphore, () => new BoundedSemaphore(this.#calls, name, value))
  }

  event(name: string): Event {
    return this.#once(name, Event, () => new Event(this.#calls, name))
  }

  /** With a lock of this manager, or one of its own; a new one each time, as that may differ. */
  condition(name: string, options: ConditionOptions = {}): Condition {
    checkOptions('{ lock }', options)
    checkLock(options.lock, this.#calls)
    return new Condition(this.#calls, name, options)
  }

  /** A new one each time, as the action may differ. */
  barrier(name: string, options: BarrierOptions): Barrier {
    return new Barrier(this.#calls, name, options)
  }

  /** `initial` is what it holds if it is made by this. */
  value<Type = unknown>(name: string, initial: Type): Value<Type> {
    return this.#once(name, Value<Type>, () => new Value<Type>(this.#calls, name, initial))
  }

  dict<K extends Key = Key, V = unknown>(name: string): Dict<K, V> {
    return this.#once(name, Dict<K, V>, () => new Dict<K, V>(this.#calls, name))
  }

  list<Item = unknown>(name: string): List<Item> {
    return this.#once(name, List<Item>, () => new List<Item>(this.#calls, name))
  }

  /** An object that the manager's program has registered: its methods run there. */
  object<Type>(name: string): Proxied<Type> {
    return this.#once(name, Custom, () => new Custom(this.#calls, name)).proxy as Proxied<Type>
  }

  /**
   * Serves an object of one's own. `factory` makes it when it is first called; its public methods
   * run in this program. Throws USAGE where the manager is not served, for a name that is taken or
   * none, and for what is no function.
   */
  register(name: string, factory: Factory): void {
    if (this.#registry === undefined) {
      throw new P2pJobsError('USAGE', 'only the program that started the manager can register')
    }
    checkObjectName(name)
    checkGiven('factory', factory, callback)
    this.#registry.add(name, factory)
    this.#started.node.manager?.register(name)
  }

  /** Deletes an object: whoever waits for it gets DELETED, and its name is free. */
  async delete(object: Shared | string): Promise<void> {
    const name: unknown = object instanceof Shared ? object.name : object
    checkObjectName(name)
    this.#made.delete(name)
    const call = {
      handle: 0,
      op: 'delete',
      timeoutMs: undefined,
      args: [name],
      values: []
    } as const
    const { status } = await this.#connection.call(call).answer
    if (status === 'ok') return
    throw new P2pJobsError('NOT_FOUND', `the manager has no object '${name}'`)
  }

  /**
   * Gives back what this program holds, and ends its part; of the program that serves the manager,
   * the manager: whoever waits elsewhere gets MANAGER_GONE. Can be called again.
   */
  async close(): Promise<void> {
    this.#stopped ??= this.#stop()
    await this.#stopped
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #stop(): Promise<void> {
    this.#withdraw()
    // Who waits is told that the manager ends, before what this program holds is free.
    await this.#started.node.manager?.close()
    await this.#connection.leave()
    await this.#started.stop()
  }

  /** The same object for the same name and kind. */
  #once<Type extends Shared>(
    name: string,
    kind: abstract new (...args: never) => Type,
    make: () => Type
  ): Type {
    const made = this.#made.get(name)
    // One that was deleted, or could not be had, makes room for another of its name.
    if (made instanceof kind && made.constructor === kind && !made.isOver) return made
    const object = make()
    this.#made.set(name, object)
    return object
  }
}

function nameOf({ nodeName }: { readonly nodeName?: string | undefined }): string {
  return (nodeName ?? machineName()).slice(0, 64)
}

/** Throws USAGE for no lock, and for one of another manager: its number is that of another object here. */
function checkLock(lock: unknown, calls: Calls): void {
  if (lock === undefined || (lock instanceof Lock && lock.isOf(calls))) return
  const rule = 'the lock of a condition is what lock() or rlock() of the same manager has returned'
  throw new P2pJobsError('USAGE', `${rule}, not ${shown(lock)}`)
}
