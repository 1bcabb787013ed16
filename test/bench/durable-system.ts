/**
 * Functions as tasks of a durable master in this process: the one that `p2pjobs node --master`
 * starts, by the door at which its control socket hands tasks over. Each task is added by a call
 * of its own, and is on disk before a worker has it; so is its result before it is told.
 *
 * The socket itself carries no code of functions, so that a pool cannot use it.
 */
import { OUTPUT_BYTES_MAX } from '../../src/core/limits.ts'
import type { MasterNotice } from '../../src/core/master/events.ts'
import type { FunctionSpec } from '../../src/core/spec.ts'
import type { JobId } from '../../src/core/types.ts'
import type { DurableJobs } from '../../src/node/durable-jobs.ts'
import type { StartedNode } from '../../src/node/start.ts'
import { untilSlots } from './calls.ts'
import type { Calls } from './calls.ts'
import { builtModule } from './dist.ts'
import { JOBS } from './jobs.ts'
import type { JobName } from './jobs.ts'

type Value = Uint8Array | undefined

interface Job {
  readonly id: JobId
  /** How many it has. */
  tasks: number
  readonly waiting: Map<number, (value: Value) => void>
}

export async function openDurable(workers: readonly string[]): Promise<Calls> {
  const byId = new Map<JobId, Job>()
  const started = await startMaster(workers, (notice) => {
    if (notice.type !== 'settled') return
    const { value } = notice.result
    byId.get(notice.job)?.waiting.get(notice.task)?.(
      value instanceof Uint8Array ? value : undefined
    )
    byId.get(notice.job)?.waiting.delete(notice.task)
  })
  const { master, jobs } = started.node
  if (master === undefined || jobs === undefined) throw new Error('it is no durable master')
  await untilSlots(() => master.state.connectedSlots, workers.length)
  const { encodeCalls, decodeOutcomes } = (await import(
    builtModule('values/calls.js')
  )) as typeof import('../../src/values/calls.ts')
  const byName = new Map<JobName, Promise<Job>>()
  const open = async (name: JobName): Promise<Job> => {
    const id = await jobs.submit(await specOf(name, started), { priority: 0, retries: 0 })
    const job = { id, tasks: 0, waiting: new Map<number, (value: Value) => void>() }
    byId.set(id, job)
    return job
  }
  return {
    one: async (name, argument) => {
      const opened = byName.get(name) ?? open(name)
      byName.set(name, opened)
      const value = await add(jobs, await opened, encodeCalls([[argument]]))
      const [outcome] = value === undefined ? [] : decodeOutcomes(value)
      if (outcome?.ok !== true) throw new Error(`a task of ${name} failed`)
      return outcome.value
    },
    close: async () => {
      for (const { id } of byId.values()) await jobs.close(id)
      await started.stop()
    }
  }
}

async function add(jobs: DurableJobs, job: Job, input: Uint8Array): Promise<Value> {
  const { promise, resolve } = Promise.withResolvers<Value>()
  job.waiting.set(++job.tasks, resolve)
  await jobs.add(job.id, [input])
  return await promise
}

async function startMaster(
  join: readonly string[],
  onNotice: (notice: MasterNotice) => void
): Promise<StartedNode> {
  const { acceptToken, placeOf } = (await import(
    builtModule('node/credentials.js')
  )) as typeof import('../../src/node/credentials.ts')
  const { startNode } = (await import(
    builtModule('node/start.js')
  )) as typeof import('../../src/node/start.ts')
  const tell = (text: string): void => void process.stderr.write(`${text}\n`)
  const place = placeOf(process.env, 'default', tell)
  const credentials = acceptToken(place, process.env['P2PJOBS_TOKEN'] ?? '')
  const listen = ['/ip4/127.0.0.1/tcp/0']
  return await startNode(
    {
      ...{ home: place.home, name: 'bench', slots: undefined, leaseMs: 6_000 },
      ...{ isMaster: true, isResident: true, isDurable: true, isBackground: true },
      network: { name: 'default', credentials, listen, join, isDiscovering: false }
    },
    { onNotice, onMember: () => undefined, onProblem: tell }
  )
}

async function specOf(name: JobName, { node }: StartedNode): Promise<FunctionSpec> {
  const { Bundler } = (await import(
    builtModule('bundle/bundler.js')
  )) as typeof import('../../src/bundle/bundler.ts')
  const { bytes, exportName } = await new Bundler().bundle(JOBS[name])
  const bundle = await node.master?.publish(bytes)
  if (bundle === undefined) throw new Error('it is no master')
  return {
    ...{ kind: 'function', function: { bundle, exportName }, initializer: undefined },
    ...{ tasksPerChildMax: undefined, isAlone: false, memoryBytesMax: undefined },
    ...{ timeoutMs: undefined, outputBytesMax: OUTPUT_BYTES_MAX, slotsMax: undefined }
  }
}
