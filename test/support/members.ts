/**
 * Members of a network within this process, on loopback: real libp2p, real sessions, and tasks
 * that end when the test says so.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JobOptions } from '../../src/core/job.ts'
import { KEEP_EPHEMERAL_MS, LEASE_MS } from '../../src/core/limits.ts'
import type { MasterNotice } from '../../src/core/master/events.ts'
import type { OutputStream } from '../../src/core/messages.ts'
import type { Member } from '../../src/core/members/events.ts'
import type { ShellSpec } from '../../src/core/spec.ts'
import { emptyResult } from '../../src/core/result.ts'
import type { JobId, Millis, NodeId } from '../../src/core/types.ts'
import { BlobStore } from '../../src/blobs/blob-store.ts'
import type {
  Executor,
  ExecutorEvents,
  Output,
  OutputRange,
  RunResult,
  TaskStart
} from '../../src/exec/executor.ts'
import type { Sighting } from '../../src/net/mdns.ts'
import { MasterRole } from '../../src/node/master-role.ts'
import { NetworkRole } from '../../src/node/network-role.ts'
import type { Refusal, RefusalKind } from '../../src/node/refusals.ts'
import { WorkerRole } from '../../src/node/worker-role.ts'
import type { Credentials } from '../../src/trust/credentials.ts'
import { blobOf } from './blobs.ts'
import { SPEC } from './machines.ts'
import { until } from './until.ts'

export interface MemberInit {
  readonly credentials: Credentials
  readonly name?: string
  readonly isMaster?: boolean
  /** Undefined: it is no worker. */
  readonly slots?: number
  readonly seed?: Uint8Array
  readonly listen?: string
  readonly join?: readonly string[]
  readonly leaseMs?: Millis
  /** What its tasks are run by; else they end when the test says so. */
  createExecutor?(events: ExecutorEvents, folder: string): Promise<Executor>
}

/** Starts what it is told, and ends it when the test does. */
class TestExecutor implements Executor {
  readonly started: TaskStart[] = []
  readonly stopped: number[] = []
  /** Every read: run, stream and offset. */
  readonly asked: string[] = []
  readonly #events: ExecutorEvents
  readonly #printed = new Map<string, Buffer>()
  readonly #ended = new Set<number>()

  constructor(events: ExecutorEvents) {
    this.#events = events
  }

  start(tasks: readonly TaskStart[]): void {
    this.started.push(...tasks)
  }

  stop(run: number): void {
    this.stopped.push(run)
    setImmediate(() => this.end(run, { outcome: 'failure', reason: 'it was stopped' }))
  }

  /** It starts everything at once, so that there is never anything to give back. */
  recall(): void {
    return undefined
  }

  read(run: number, { stream, offset, bytesMax }: OutputRange): Promise<Uint8Array | undefined> {
    this.asked.push(`${run} ${stream} ${offset}`)
    const printed = this.#printed.get(`${run} ${stream}`) ?? Buffer.alloc(0)
    const bytes = printed.subarray(offset, offset + bytesMax)
    return Promise.resolve(this.#ended.has(run) ? undefined : bytes)
  }

  /** A task prints. */
  print(run: number, text: string | Uint8Array, stream: OutputStream = 'stdout'): void {
    const key = `${run} ${stream}`
    const before = this.#printed.get(key) ?? Buffer.alloc(0)
    this.#printed.set(key, Buffer.concat([before, Buffer.from(text)]))
    this.#events.onPrinted(run, stream)
  }

  end(run: number, result: Partial<RunResult> = {}): void {
    this.#ended.add(run)
    const none = new Uint8Array(0)
    const nothing = { stdout: none, stderr: none, value: none }
    this.#events.onEnded([
      { run, result: { ...emptyResult('success', ''), ...nothing, ...result } }
    ])
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Output that a real executor would hand over as a file. */
export interface SpoolOutput {
  readonly spooled: Uint8Array
}

/** What a member told its user. */
interface Told {
  readonly notices: MasterNotice[]
  readonly members: Member[]
  readonly problems: string[]
  readonly refusals: Refusal[]
  /** To tell it that discovery has seen somebody. */
  sighting: (sighting: Sighting) => void
}

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

/** Everything started with it is ended by `end`. */
export class Members {
  readonly #members: TestMember[] = []

  async start(init: MemberInit): Promise<TestMember> {
    const member = await TestMember.start(init)
    this.#members.push(member)
    return member
  }

  async end(): Promise<void> {
    await Promise.all(this.#members.splice(0).map((member) => member.stop()))
  }
}

export class TestMember {
  readonly network: NetworkRole
  readonly told: Told
  readonly blobs: BlobStore
  /** Where it listens, also after its end. */
  readonly address: string
  readonly #parts: Parts
  readonly #folder: string

  static async start(init: MemberInit): Promise<TestMember> {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-member-'))
    mkdirSync(join(folder, 'blobs'))
    const blobs = new BlobStore(join(folder, 'blobs'))
    const told: Told = {
      notices: [],
      members: [],
      problems: [],
      refusals: [],
      sighting: () => undefined
    }
    const boot = randomUUID()
    const parts = {
      ...(await workerParts(init, boot, blobs, told, folder)),
      ...masterParts(init, boot, blobs, told)
    }
    const network = await NetworkRole.start({
      options: {
        seed: init.seed ?? randomBytes(32),
        credentials: init.credentials,
        listen: [init.listen ?? LOOPBACK],
        join: init.join ?? [],
        isDiscovering: true
      },
      boot,
      name: nameOf(init),
      blobs,
      master: parts.master,
      worker: parts.worker,
      listener: {
        onNotice: () => undefined,
        onMember: (member) => told.members.push({ ...member }),
        onProblem: (text) => told.problems.push(text),
        onRefusal: (refusal) => told.refusals.push(refusal)
      },
      discover: (discovery) => {
        told.sighting = (sighting) => discovery.onSighting(sighting)
        return { stop: () => Promise.resolve(), refresh: () => undefined, interfaces: [] }
      }
    })
    return new TestMember(network, told, blobs, parts, folder)
  }

  private constructor(
    network: NetworkRole,
    told: Told,
    blobs: BlobStore,
    parts: Parts,
    folder: string
  ) {
    this.blobs = blobs
    this.address = network.addresses[0]!
    this.network = network
    this.told = told
    this.#parts = parts
    this.#folder = folder
  }

  get id(): NodeId {
    return this.network.id
  }

  get master(): MasterRole {
    return this.#parts.master!
  }

  get worker(): WorkerRole {
    return this.#parts.worker!
  }

  get executor(): TestExecutor {
    return this.#parts.executor!
  }

  /** How this member sees another one. */
  statusOf({ id }: { id: NodeId }): Member['status'] | undefined {
    return this.network.members.find(({ peer }) => peer === id)?.status
  }

  /** Waits until this member sees the other one so. */
  async sees(other: { id: NodeId }, status: Member['status']): Promise<void> {
    await until(() => this.statusOf(other) === status, `${other.id} is ${status}`)
  }

  /** Waits for so many refusals of a kind, and no more; returns their reasons. */
  async refused(kind: RefusalKind, count: number): Promise<string[]> {
    const { refusals } = this.network
    await until(() => refusals[kind] >= count, `${count} times a ${kind} was refused`)
    expect(refusals[kind]).to.equal(count)
    return this.told.refusals.filter((refusal) => refusal.kind === kind).map(({ reason }) => reason)
  }

  /** Submits a job of so many tasks, without inputs. */
  submit(tasks: number, options: Partial<JobOptions> = {}, spec: Partial<ShellSpec> = {}): JobId {
    const job = this.master.submit({ ...SPEC, ...spec }, { priority: 0, retries: 0, ...options })
    this.master.add(job, new Array<Uint8Array>(tasks).fill(new Uint8Array(0)))
    this.master.close(job)
    return job
  }

  /** The tasks of this member's jobs that have their result. */
  get settled(): Extract<MasterNotice, { type: 'settled' }>[] {
    return this.told.notices.filter((notice) => notice.type === 'settled')
  }

  /** Waits until so many tasks have their result. */
  async hasSettled(count: number): Promise<void> {
    await until(() => this.settled.length >= count, `${count} tasks have their result`)
  }

  /** Waits until so many tasks were started here in all; returns the runs. */
  async hasStarted(count: number): Promise<number[]> {
    const { started } = this.executor
    await until(() => started.length >= count, `${count} tasks were started`)
    return started.map(({ run }) => run)
  }

  /** Ends a run. */
  end(run: number, stdout: Uint8Array | SpoolOutput = new Uint8Array(0)): void {
    const output = stdout instanceof Uint8Array ? stdout : this.#spool(stdout.spooled)
    this.executor.end(run, { stdout: output, exitCode: 0, runtimeMs: 5_000 })
  }

  #spool(bytes: Uint8Array): Output {
    const path = join(this.#folder, `spool-${randomUUID()}`)
    writeFileSync(path, bytes)
    return { path, bytes: bytes.length, blob: blobOf(bytes) }
  }

  /** Stops it as a node does: what it held is given back, then it says goodbye. Can be repeated. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    await this.#stopped
  }

  #stopped: Promise<void> | undefined

  async #stop(): Promise<void> {
    const { master, worker } = this.#parts
    master?.stop()
    await worker?.stop()
    await this.network.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

interface Parts {
  readonly master?: MasterRole
  readonly worker?: WorkerRole
  readonly executor?: TestExecutor
}

function masterParts(
  init: MemberInit,
  boot: string,
  blobs: BlobStore,
  told: Told
): Pick<Parts, 'master'> {
  if (init.isMaster !== true) return {}
  const leaseMs = init.leaseMs ?? LEASE_MS
  const master = new MasterRole({
    config: { leaseMs, keepMs: KEEP_EPHEMERAL_MS, isDurable: false, seed: 1 },
    epoch: boot,
    blobs,
    onNotice: (notice) => told.notices.push(notice),
    onProblem: (text) => told.problems.push(text)
  })
  return { master }
}

async function workerParts(
  init: MemberInit,
  boot: string,
  blobs: BlobStore,
  told: Told,
  folder: string
): Promise<Pick<Parts, 'worker' | 'executor'>> {
  const { slots } = init
  if (slots === undefined) return {}
  const spool = join(folder, 'spool')
  mkdirSync(spool)
  let executor: TestExecutor | undefined
  const worker = await WorkerRole.create({
    config: { boot, name: nameOf(init), slots },
    blobs,
    createExecutor: (events) => {
      if (init.createExecutor !== undefined) return init.createExecutor(events, spool)
      executor = new TestExecutor(events)
      return Promise.resolve(executor)
    },
    onProblem: (text) => told.problems.push(text)
  })
  return executor === undefined ? { worker } : { worker, executor }
}

function nameOf({ name, isMaster }: MemberInit): string {
  return name ?? (isMaster === true ? 'master' : 'worker')
}
