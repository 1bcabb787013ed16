/** `p2pjobs submit`: a job for the master node of this home; its id, once it is on disk. */
import { P2pJobsError } from '../../core/errors.ts'
import type { JobOptions } from '../../core/job.ts'
import { MASTER_AWAY_MS } from '../../core/limits.ts'
import type { ShellSpec } from '../../core/spec.ts'
import type { JobId } from '../../core/types.ts'
import { RemoteFeed } from '../../node/remote-feed.ts'
import type { FedJobs } from '../../node/remote-feed.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues, Operands } from '../command.ts'
import { commandLines } from '../jobs/inputs.ts'
import { jobOptions } from '../jobs/job-options.ts'
import { readInputs, shellSpec } from '../jobs/shell-job.ts'
import { submitTable } from '../job-tables.ts'
import { jsonLine } from '../output.ts'
import { remoteCommand } from '../remote-command.ts'
import { usage } from '../values.ts'

type SubmitFlags = FlagValues<typeof submitTable.flags>
type Source = Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A job of no more than this is submitted in one piece; a longer one as it is read. */
const WHOLE_TASKS_MAX = 4_096
const WHOLE_BYTES_MAX = 256 * 1024
const BATCH = 1_024

/** What it needs of the jobs. */
export type SubmitJobs = FedJobs & Pick<RemoteJobs, 'submitWhole'>

/** What is to be submitted. */
export interface Submission {
  readonly spec: ShellSpec
  readonly options: JobOptions
  /** Its inputs; to be called once. */
  readonly read: () => Source
}

/** What the command line says of the job. Throws USAGE. */
export function submissionOf(operands: Operands, flags: SubmitFlags, context: Context): Submission {
  const { file } = flags
  if (file !== undefined && (operands.command !== '' || operands.inputs !== undefined)) {
    throw usage('--file has the commands, one a line: leave COMMAND and ::: out')
  }
  const { options, amounts } = jobOptions(flags, flags.name)
  const spec = shellSpec(flags, operands.command, context.env, amounts)
  const read = (): Source =>
    file === undefined ? readInputs(operands, context) : commandLines(file, context.stdin)
  return { spec, options, read }
}

export async function submit(
  jobs: SubmitJobs,
  { json }: Pick<SubmitFlags, 'json'>,
  context: Context,
  submission: Submission
): Promise<number> {
  const { job, tasks } = await submitAll(jobs, submission, context)
  await context.stdout(json ? jsonLine({ event: 'submitted', job, tasks }) : `${String(job)}\n`)
  return ExitCode.ok
}

export const submitCommand = remoteCommand(submitTable, submissionOf, submit)

interface Submitted {
  readonly job: JobId
  readonly tasks: number
}

/** A short job at once; a long one bit by bit, and canceled if not all of it can be read. */
async function submitAll(
  jobs: SubmitJobs,
  { spec, options, read }: Submission,
  { stopping, stderr }: Context
): Promise<Submitted> {
  const batches = batchesOf(stoppable(read(), stopping))
  const first = await batches.next()
  const inputs = first.value?.inputs ?? []
  if (first.value === undefined || first.value.isLast) {
    return { job: await jobs.submitWhole(spec, options, inputs), tasks: inputs.length }
  }
  const feed = await RemoteFeed.submit(jobs, spec, options, {
    awayMaxMs: MASTER_AWAY_MS,
    signal: stopping,
    onAway: () => stderr('p2pjobs: the master node is away; the job goes on when it is back\n'),
    onBack: () => stderr('p2pjobs: the master node is back\n')
  })
  await feed.add(inputs)
  let tasks = inputs.length
  for await (const batch of batches) {
    await feed.add(batch.inputs)
    tasks += batch.inputs.length
  }
  await feed.close()
  return { job: feed.job, tasks }
}

interface Batch {
  readonly inputs: readonly Uint8Array[]
  readonly isLast: boolean
}

/** The first one as long as a whole job may be. */
async function* batchesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Batch, undefined> {
  let inputs: Uint8Array[] = []
  let bytes = 0
  let tasksMax = WHOLE_TASKS_MAX
  for await (const input of source) {
    inputs.push(input)
    bytes += input.length
    if (inputs.length < tasksMax && bytes < WHOLE_BYTES_MAX) continue
    yield { inputs, isLast: false }
    inputs = []
    bytes = 0
    tasksMax = BATCH
  }
  if (inputs.length > 0) yield { inputs, isLast: true }
}

/** A source may wait for its next input for ever: a terminal, a pipe that somebody holds open. */
async function* stoppable(
  source: Source,
  stopping: AbortSignal
): AsyncGenerator<Uint8Array, void, undefined> {
  const stopped = Promise.withResolvers<never>()
  stopped.promise.catch(() => undefined)
  const stop = (): void =>
    stopped.reject(
      new P2pJobsError('CANCELED', 'stopped before all tasks were submitted; none will be run')
    )
  stopping.addEventListener('abort', stop)
  if (stopping.aborted) stop()
  const inputs = inputsOf(source)
  try {
    while (true) {
      const next = await Promise.race([inputs.next(), stopped.promise])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    stopping.removeEventListener('abort', stop)
  }
}

async function* inputsOf(source: Source): AsyncGenerator<Uint8Array, void, undefined> {
  yield* source
}
