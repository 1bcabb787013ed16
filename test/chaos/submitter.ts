/**
 * The client of a campaign: submits jobs in a loop, whatever happens to the master, and remembers
 * what was acknowledged.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { OUTPUT_BYTES_MAX } from '../../src/core/limits.ts'
import type { Rng } from '../../src/core/rng.ts'
import type { ShellSpec } from '../../src/core/spec.ts'
import type { JobId } from '../../src/core/types.ts'
import { ControlClient, expectItem } from '../../src/control/control-client.ts'

const TASKS_MAX = 25
/** So that the workers keep up, although some are always away. */
const BETWEEN_MS = 400
const AGAIN_MS = 100

export interface Submitted {
  readonly job: JobId
  /** The arguments of its tasks, in order. */
  readonly inputs: readonly string[]
}

export interface SubmitterInit {
  /** The master's control socket. */
  readonly path: string
  readonly rng: Rng
  /** A file to which every task appends its argument when it runs. */
  readonly log: string
  /** Stands in the environment of everything that a task starts. */
  readonly mark: string
}

const VERSIONS = { oldest: 1, newest: 1, program: 'chaos' }

/** Submits until it is told to stop; all that was acknowledged. */
export async function submitAll(
  { path, rng, log, mark }: SubmitterInit,
  signal: AbortSignal
): Promise<Submitted[]> {
  const acknowledged: Submitted[] = []
  let serial = 0
  let client: ControlClient | undefined
  while (!signal.aborted) {
    const tasks = rng.integer(1, TASKS_MAX)
    const inputs = Array.from({ length: tasks }, (_, at) => `s${serial}-${at + 1}`)
    serial++
    try {
      client ??= await ControlClient.connect({ path, versions: VERSIONS })
      acknowledged.push({ job: await submit(client, commandFor(rng, log, mark), inputs), inputs })
      await delay(rng.integer(0, BETWEEN_MS))
    } catch {
      // The master is dead, or dies now: whether it has the job nobody was told.
      client?.close()
      client = undefined
      await delay(AGAIN_MS)
    }
  }
  client?.close()
  return acknowledged
}

async function submit(
  client: ControlClient,
  spec: ShellSpec,
  inputs: readonly string[]
): Promise<JobId> {
  const bytes = inputs.map((input) => Buffer.from(input))
  const options = { priority: 0, retries: 0 }
  const request = { type: 'submit', spec, options, inputs: bytes, isWhole: true } as const
  let job: JobId | undefined
  for await (const item of client.ask(request)) job = expectItem(item, 'fed').job
  if (job === undefined) throw new Error('a submit without an answer')
  return job
}

/** Tasks that say that they ran, do some work, and print their argument last. */
function commandFor(rng: Rng, log: string, mark: string): ShellSpec {
  const say = `P2PJOBS_CHAOS=${mark}; export P2PJOBS_CHAOS; echo {} >> ${log}`
  const work = kindOf(rng)
  return {
    kind: 'shell',
    command: `${say}; ${work}; echo {}`,
    directory: '/',
    environment: {},
    timeoutMs: undefined,
    outputBytesMax: OUTPUT_BYTES_MAX,
    slotsMax: undefined
  }
}

/** Mostly short; some are longer than a renewal, or a lease, some print much, some leave others behind. */
function kindOf(rng: Rng): string {
  const kind = rng.next()
  if (kind < 0.85) return 'sleep 0.02'
  if (kind < 0.9) return 'head -c 400000 /dev/zero | tr "\\0" x'
  if (kind < 0.95) return '(sleep 300 &) ; sleep 0.05'
  return `case {} in *-1) sleep ${rng.integer(1, 5)};; esac`
}
