/**
 * What durability costs: the same tasks with and without the journal, and jobs submitted over the
 * control socket, each acknowledged once it is on disk.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { OUTPUT_BYTES_MAX } from '../../src/core/limits.ts'
import type { MasterNotice } from '../../src/core/master/events.ts'
import type { ShellSpec } from '../../src/core/spec.ts'
import type { NodeId } from '../../src/core/types.ts'
import type { MasterMessage, WorkerMessage } from '../../src/core/messages.ts'
import { ControlClient, expectItem } from '../../src/control/control-client.ts'
import { localLinks } from '../../src/node/local-link.ts'
import { openStores, startMaster } from '../../src/node/start-master.ts'
import type { StartedMaster } from '../../src/node/start-master.ts'
import { WorkerRole } from '../../src/node/worker-role.ts'
import { Programs, PROGRAM } from '../support/program.ts'
import type { Figure } from './figures.ts'
import { instantExecutor } from './instant-executor.ts'
import { timed } from './processes.ts'

const SLOTS = 2
const SHELL_TASKS = 5_000
const SUBMITS = 500
const AT_ONCE = 64
const BATCH = 1_024
const NOTHING = new Uint8Array(0)

const SPEC: ShellSpec = {
  kind: 'shell',
  command: ':',
  directory: '/',
  environment: {},
  timeoutMs: undefined,
  outputBytesMax: OUTPUT_BYTES_MAX,
  slotsMax: undefined
}
const OPTIONS = { priority: 0, retries: 0 }

export async function measureDurable(rounds: number, tasks: number): Promise<Figure[]> {
  const figures = [
    ...(await inTurn('no-op tasks, no executor', rounds, (isDurable) => noOps(isDurable, tasks))),
    ...(await inTurn('`:` by `node --jobs`', rounds, shellTasks))
  ]
  const submits = await measureSubmits(rounds)
  return [...figures, ...submits].map((figure) => ({ bench: 'durable', ...figure }))
}

type Values = Omit<Figure, 'bench'>

/** One way after the other in each round, so that both meet the same machine. */
async function inTurn(
  what: string,
  rounds: number,
  perSecond: (isDurable: boolean) => Promise<number>
): Promise<Values[]> {
  const memory: number[] = []
  const journal: number[] = []
  for (let round = 0; round < rounds; round++) {
    memory.push(await perSecond(false))
    journal.push(await perSecond(true))
  }
  const ratios = journal.map((value, at) => value / (memory[at] ?? NaN))
  return [
    { what: `${what}, in memory`, unit: 'tasks/s', values: memory },
    { what: `${what}, with the journal`, unit: 'tasks/s', values: journal },
    { what: `${what}, with / in memory`, unit: 'x', values: ratios }
  ]
}

async function noOps(isDurable: boolean, tasks: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-'))
  const places = { journal: join(folder, 'journal.sqlite'), blobs: join(folder, 'blobs') }
  const stores = await openStores(isDurable ? places : undefined, folder)
  const ended = Promise.withResolvers<undefined>()
  const started = await startMaster(stores, {
    boot: 'bench',
    leaseMs: 6_000,
    onNotice: (notice: MasterNotice) => {
      if (notice.type === 'ended') ended.resolve(undefined)
    },
    onProblem: (text) => ended.reject(new Error(text))
  })
  const worker = await linkWorker(started, stores.blobs)
  try {
    const startedAt = performance.now()
    await feed(started, tasks)
    await ended.promise
    return tasks / ((performance.now() - startedAt) / 1000)
  } finally {
    started.jobs?.stop()
    started.master.stop()
    await worker.stop()
    await stores.journal?.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function feed({ master, jobs }: StartedMaster, tasks: number): Promise<void> {
  const job = jobs === undefined ? master.submit(SPEC, OPTIONS) : await jobs.submit(SPEC, OPTIONS)
  const inputs = new Array<Uint8Array>(BATCH).fill(NOTHING)
  for (let from = 0; from < tasks; from += BATCH) {
    const batch = inputs.slice(0, Math.min(BATCH, tasks - from))
    if (jobs === undefined) master.add(job, batch)
    else await jobs.add(job, batch)
  }
  if (jobs === undefined) master.close(job)
  else await jobs.close(job)
}

/** A worker in the same process whose tasks end as soon as they begin. */
async function linkWorker({ master }: StartedMaster, blobs: BlobStore): Promise<WorkerRole> {
  const worker = await WorkerRole.create({
    config: { boot: 'bench', name: 'bench', slots: SLOTS },
    blobs,
    createExecutor: (events) => Promise.resolve(instantExecutor(events)),
    onProblem: (text) => process.stderr.write(`${text}\n`)
  })
  const [masterLink, workerLink] = localLinks<MasterMessage, WorkerMessage>()
  const id = 'bench' as NodeId
  const share = (): Promise<void> => Promise.resolve()
  master.accept(id, masterLink, share)
  void worker.serve(id, master.epoch, workerLink, share)
  return worker
}

async function shellTasks(isDurable: boolean): Promise<number> {
  const programs = new Programs()
  try {
    const flags = ['--master', '--slots', String(SLOTS), '--jobs', '-', '--exit-when-done']
    const network = ['--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
    const words = [PROGRAM, 'node', ...flags, ...network, ...(isDurable ? [] : ['--in-memory'])]
    const env = { P2PJOBS_HOME: programs.home() }
    const run = async (tasks: number): Promise<number> => {
      const { seconds } = await timed(process.execPath, words, { stdin: ':\n'.repeat(tasks), env })
      return seconds
    }
    // Without what it takes to start and to end.
    const idle = await run(1)
    return SHELL_TASKS / ((await run(SHELL_TASKS)) - idle)
  } finally {
    await programs.end()
  }
}

async function measureSubmits(rounds: number): Promise<Values[]> {
  const programs = new Programs()
  const [single, many]: [number[], number[]] = [[], []]
  try {
    const { home } = await programs.master(['--slots', '0'])
    const versions = { oldest: 1, newest: 1, program: 'bench' }
    const client = await ControlClient.connect({ path: join(home, 'control.sock'), versions })
    for (let round = 0; round < rounds; round++) {
      single.push(await submitsPerSecond(client, 1))
      many.push(await submitsPerSecond(client, AT_ONCE))
    }
    client.close()
  } finally {
    await programs.end()
  }
  const what = 'jobs of one task submitted over the socket'
  return [
    { what: `${what}, one by one`, unit: 'jobs/s', values: single },
    { what: `${what}, ${AT_ONCE} at once`, unit: 'jobs/s', values: many }
  ]
}

async function submitsPerSecond(client: ControlClient, atOnce: number): Promise<number> {
  const startedAt = performance.now()
  let left = SUBMITS
  const submit = async (): Promise<void> => {
    while (left-- > 0) {
      const request = { type: 'submit', spec: SPEC, options: OPTIONS } as const
      for await (const item of client.ask({ ...request, inputs: [NOTHING], isWhole: true })) {
        expectItem(item, 'fed')
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, submit))
  return SUBMITS / ((performance.now() - startedAt) / 1000)
}
