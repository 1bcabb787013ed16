/**
 * A campaign: real nodes under real faults, and afterwards the count of what was lost, doubled or
 * left behind. All three have to be 0.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { Rng } from '../../src/core/rng.ts'
import type { JobId } from '../../src/core/types.ts'
import { ControlClient, expectItem } from '../../src/control/control-client.ts'
import { processesWith } from '../support/program.ts'
import { until } from '../support/until.ts'
import { injectFaults } from './faults.ts'
import type { Fault, FaultPlan } from './faults.ts'
import { startNetwork } from './nodes.ts'
import type { ChaosNetwork } from './nodes.ts'
import { submitAll } from './submitter.ts'
import type { Submitted } from './submitter.ts'

const WORKERS = 3
/** How long work may go on when nothing bad happens any more. */
const SETTLE_MS = 120_000
/** Lines of each node that are kept as evidence. */
const WORDS_MAX = 20

export interface CampaignOptions extends FaultPlan {
  readonly seed: number
}

export interface Verdict {
  readonly faults: Readonly<Record<Fault, number>>
  /** Jobs whose submit was acknowledged, and their tasks. */
  readonly jobs: number
  readonly tasks: number
  /** How often tasks ran, with those that ran again because a worker was lost. */
  readonly runs: number
  /** Acknowledged tasks without a result, or with one that is not theirs. */
  readonly lost: readonly string[]
  /** Tasks with more than one recorded result. */
  readonly doubled: readonly string[]
  /** Processes that were left when all nodes had ended. */
  readonly orphaned: readonly string[]
  /** What the nodes said last, where something is wrong. */
  readonly evidence: string
}

/** Needs a machine where network namespaces can be made. */
export async function runCampaign(options: CampaignOptions): Promise<Verdict> {
  const mark = `p2pjobs-chaos-${randomUUID()}`
  const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-chaos-'))
  const log = join(folder, 'runs')
  writeFileSync(log, '')
  const network = await startNetwork(WORKERS, mark)
  const path = join(network.master.home, 'control.sock')
  try {
    const stop = new AbortController()
    const submitting = submitAll({ path, rng: new Rng(options.seed), log, mark }, stop.signal)
    const faults = await injectFaults(network, new Rng(options.seed + 1), options)
    stop.abort()
    const submitted = await submitting
    const found = await judge(path, submitted)
    const runs = readFileSync(log, 'utf8').split('\n').length - 1
    await endAll(network)
    const orphaned = await leftOf(mark)
    const tasks = submitted.reduce((sum, { inputs }) => sum + inputs.length, 0)
    const isWrong = found.lost.length + found.doubled.length + orphaned.length > 0
    const evidence = isWrong ? `${found.workers}\n${wordsOf(network)}` : ''
    const { lost, doubled } = found
    return { faults, jobs: submitted.length, tasks, runs, lost, doubled, orphaned, evidence }
  } finally {
    await network.down()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Waits for the end of all jobs, and looks at what is recorded of each. */
async function judge(
  path: string,
  submitted: readonly Submitted[]
): Promise<{ lost: string[]; doubled: string[]; workers: string }> {
  const versions = { oldest: 1, newest: 1, program: 'chaos' }
  const client = await ControlClient.connect({ path, versions })
  const [lost, doubled, workers]: [string[], string[], string[]] = [[], [], []]
  try {
    await allEnded(client)
    for await (const item of client.ask({ type: 'workers' })) {
      workers.push(JSON.stringify(expectItem(item, 'worker').worker))
    }
    for (const { job, inputs } of submitted) {
      const outputs = await outputsOf(client, job)
      for (const [at, input] of inputs.entries()) {
        const results = outputs.get(at + 1) ?? []
        if (results.length > 1) doubled.push(input)
        else if (results[0]?.endsWith(`${input}\n`) !== true) lost.push(input)
      }
      if (outputs.size > inputs.length) doubled.push(`job ${job} has results of no task`)
    }
  } finally {
    client.close()
  }
  return { lost, doubled, workers: workers.join('\n') }
}

/** Gives what is under way a while to end; what has not by then counts as lost. */
async function allEnded(client: ControlClient): Promise<void> {
  const signal = AbortSignal.timeout(SETTLE_MS)
  try {
    for await (const item of client.ask({ type: 'wait', selection: { type: 'all' } }, signal)) {
      expectItem(item, 'job')
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** What each task of a job has printed, once for each of its results. */
async function outputsOf(client: ControlClient, job: JobId): Promise<Map<number, string[]>> {
  const outputs = new Map<number, string[]>()
  const request = { type: 'results', job, place: 0, isFollowing: false } as const
  for await (const item of client.ask({ ...request, hasInputs: false, hasNotices: false })) {
    const { task, state } = expectItem(item, 'result').result
    const text = state === 'finished' ? await stdoutOf(client, job, task) : state
    outputs.set(task, [...(outputs.get(task) ?? []), text])
  }
  return outputs
}

async function stdoutOf(client: ControlClient, job: JobId, task: number): Promise<string> {
  const chunks: Uint8Array[] = []
  const request = { type: 'bytes', job, task, part: 'stdout', offset: 0 } as const
  for await (const item of client.ask(request)) chunks.push(expectItem(item, 'chunk').bytes)
  return Buffer.concat(chunks).toString()
}

/** The last words of each node. */
function wordsOf({ master, workers }: ChaosNetwork): string {
  return [master, ...workers]
    .map(({ name, process }) => {
      const lines = [
        ...process.lines.slice(-WORDS_MAX),
        ...process.stderr.split('\n').slice(-WORDS_MAX)
      ]
      return `--- ${name}\n${lines.join('\n')}`
    })
    .join('\n')
}

async function endAll({ master, workers }: ChaosNetwork): Promise<void> {
  await Promise.all([master, ...workers].map(({ process }) => process.stop()))
}

/** Processes end a moment after those that end them. */
async function leftOf(mark: string): Promise<string[]> {
  await until(() => processesWith(mark).length === 0, 'all processes had ended').catch(
    () => undefined
  )
  return processesWith(mark)
}
