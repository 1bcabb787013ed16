/**
 * A durable master with its journal on disk and its control socket, and a worker whose every word
 * is the test's.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BlobStore } from '../../src/blobs/blob-store.ts'
import type { MasterMessage, WorkerMessage } from '../../src/core/messages.ts'
import type { Outcome, Result } from '../../src/core/result.ts'
import type { JobId, NodeId } from '../../src/core/types.ts'
import { ControlClient } from '../../src/control/control-client.ts'
import { ControlServer } from '../../src/control/control-server.ts'
import { RemoteJobs } from '../../src/node/remote-jobs.ts'
import { openJournal } from '../../src/journal/sqlite-journal.ts'
import { Desk } from '../../src/node/desk.ts'
import type { DeskInit } from '../../src/node/desk.ts'
import { DurableJobs } from '../../src/node/durable-jobs.ts'
import { localLinks } from '../../src/node/local-link.ts'
import { MasterRole } from '../../src/node/master-role.ts'
import { aHold, aResult } from './machines.ts'
import { until } from './until.ts'

export const VERSIONS = { oldest: 1, newest: 1, program: 'p2pjobs 1.2.3' }
export const WORKER = 'worker' as NodeId
const noBlobs = (): Promise<void> => Promise.reject(new Error('there are no blobs'))

export type ServerBounds = Partial<
  Pick<Parameters<typeof ControlServer.listen>[0], 'clientsMax' | 'helloMs'>
>

export class TestDesk {
  readonly folder: string
  readonly path: string
  readonly jobs: DurableJobs
  readonly master: MasterRole
  readonly server: ControlServer
  readonly problems: string[]
  readonly #clients: ControlClient[] = []

  static async open(
    bounds: ServerBounds = {},
    seams: Partial<Omit<DeskInit, 'jobs'>> = {}
  ): Promise<TestDesk> {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-desk-'))
    const problems: string[] = []
    const onProblem = (text: string): void => void problems.push(text)
    const journal = await openJournal(join(folder, 'journal.sqlite'))
    const master = await MasterRole.restore({
      config: { leaseMs: 60_000, keepMs: 60_000, isDurable: true, seed: 1 },
      ...{ epoch: journal.epoch, journal, blobs: new BlobStore(folder), onProblem },
      onNotice: (notice) => jobs.onNotice(notice)
    })
    const jobs = new DurableJobs({ journal, master, release: () => Promise.resolve(), onProblem })
    const answerer = new Desk({
      jobs,
      explain: () => [{ code: 'no-worker', text: 'no worker is there' }],
      async *follow() {
        await Promise.resolve()
        return { why: 'not running', attempt: undefined, offset: 0 }
      },
      ...seams
    })
    const path = join(folder, 'control.sock')
    const welcome = { ...VERSIONS, epoch: journal.epoch, name: 'desk' }
    const server = await ControlServer.listen({ path, welcome, answerer, onProblem, ...bounds })
    return new TestDesk({ folder, path, jobs, master, server, problems })
  }

  private constructor(
    parts: Pick<TestDesk, 'folder' | 'path' | 'jobs' | 'master' | 'server' | 'problems'>
  ) {
    this.folder = parts.folder
    this.path = parts.path
    this.jobs = parts.jobs
    this.master = parts.master
    this.server = parts.server
    this.problems = parts.problems
  }

  async connect(): Promise<RemoteJobs> {
    const client = await ControlClient.connect({ path: this.path, versions: VERSIONS })
    this.#clients.push(client)
    return new RemoteJobs(client)
  }

  /** A worker with two slots joins. */
  worker(): TestHand {
    return new TestHand(this.master)
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close()
    await this.server.close()
    this.jobs.stop()
    this.master.stop()
    await this.jobs.journal.close()
    rmSync(this.folder, { recursive: true })
  }
}

/** A worker that does what it is told to by the test. */
export class TestHand {
  readonly #say: (message: WorkerMessage) => void
  readonly #leased = new Map<string, { job: JobId; task: number; attempt: number }>()
  #used = 0

  constructor(master: MasterRole) {
    const [near, far] = localLinks<MasterMessage, WorkerMessage>()
    this.#say = (message) => far.send(message)
    far.listen(
      (message) => this.#onMessage(message),
      () => undefined
    )
    master.accept(WORKER, near, noBlobs)
    this.#say(aHold({ name: 'lab', credit: 2 }))
  }

  /** Tasks it has, as `5.2`. */
  get has(): string[] {
    return [...this.#leased.keys()]
  }

  /** Waits for a task, starts it and reports its end. */
  async ends(
    name: string,
    outcome: Outcome = 'success',
    more: Partial<Result> = {}
  ): Promise<void> {
    const attempt = await this.starts(name)
    this.#leased.delete(name)
    const result = { ...aResult(outcome), ...more }
    this.#say({ type: 'report', reports: [{ ...attempt, result }] })
    this.#offer()
  }

  async starts(name: string): Promise<{ job: JobId; task: number; attempt: number }> {
    await until(() => this.#leased.has(name), `the worker has ${name}`)
    const attempt = this.#leased.get(name)!
    this.#say({ type: 'started', attempts: [attempt] })
    return attempt
  }

  /** Credit for every free slot. */
  #offer(): void {
    const credit = this.#used + 2 - this.#leased.size
    this.#say({ type: 'offer', credit, withdrawn: 0, more: false })
  }

  #onMessage(message: MasterMessage): void {
    if (message.type !== 'leases') return
    this.#used = message.used
    for (const { job, task, attempt } of message.leases) {
      this.#leased.set(`${job}.${task}`, { job, task, attempt })
    }
  }
}

export async function all<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = []
  for await (const item of items) list.push(item)
  return list
}

export function bytes(...texts: readonly string[]): Uint8Array[] {
  return texts.map((text) => new Uint8Array(Buffer.from(text)))
}

export function only(...jobs: readonly number[]) {
  return { type: 'ranges', ranges: jobs.map((job) => [job, job] as const) } as const
}
