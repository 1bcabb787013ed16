/** `p2pjobs logs`: what the tasks of a job have printed. */
import type { TaskView } from '../../core/job-views.ts'
import { isBlobRef } from '../../core/types.ts'
import type { Range } from '../../core/selection.ts'
import type { JobId, Payload } from '../../core/types.ts'
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { taskEvent } from '../job-lines.ts'
import { logsTable } from '../job-tables.ts'
import { followLogs } from '../jobs/follow-logs.ts'
import { endLine, logSink } from '../jobs/log-sink.ts'
import { Tagger } from '../jobs/tagger.ts'
import { firstBytes, jsonPieces, writeTogether } from '../json-outputs.ts'
import { namedTasks, remoteCommand } from '../remote-command.ts'
import { oneJob, selectedTasks } from '../selected-tasks.ts'
import type { TaskSelector } from '../selector.ts'

const NOTHING = new Uint8Array(0)

type LogsFlags = FlagValues<typeof logsTable.flags>
type Jobs = Pick<RemoteJobs, 'jobs' | 'tasks' | 'bytes'>
type Following = Jobs & Pick<RemoteJobs, 'results' | 'live'>

export async function printLogs(
  jobs: Following,
  flags: LogsFlags,
  context: Context,
  selector: TaskSelector
): Promise<number> {
  const { job } = await oneJob(jobs, selector.job)
  if (flags.follow) {
    await follow(jobs, job, selector.tasks, flags, context)
    return ExitCode.ok
  }
  for await (const task of selectedTasks(jobs, job, selector.tasks)) {
    if (task.result === undefined) continue
    if (flags.json) await printJson(jobs, job, task, context)
    else await print(jobs, job, task, flags.tag, context)
  }
  return ExitCode.ok
}

export const logsCommand = remoteCommand(logsTable, namedTasks, printLogs)

async function follow(
  jobs: Following,
  job: JobId,
  ranges: readonly Range[] | undefined,
  flags: LogsFlags,
  context: Context
): Promise<void> {
  const tagOf = async (task: number): Promise<Uint8Array> => {
    for await (const { input } of selectedTasks(jobs, job, [[task, task]])) {
      return await inputOf(jobs, job, task, input)
    }
    return NOTHING
  }
  const target = { context, job, isJson: flags.json, tagOf: flags.tag ? tagOf : undefined }
  await followLogs({
    jobs,
    job,
    isMeant: (task) => ranges?.some(([from, to]) => task >= from && task <= to) ?? true,
    meant: ranges && (await countTasks(jobs, job, ranges)),
    sinkOf: (task) => logSink(target, task),
    signal: context.stopping
  })
}

/** How many of those that are named are there. Throws NOT_FOUND for one that is not. */
async function countTasks(jobs: Jobs, job: JobId, ranges: readonly Range[]): Promise<number> {
  const tasks = new Set<number>()
  for await (const { task } of selectedTasks(jobs, job, ranges)) tasks.add(task)
  return tasks.size
}

async function print(
  jobs: Jobs,
  job: JobId,
  view: TaskView,
  isTagged: boolean,
  { stdout, stderr, taskStderr }: Context
): Promise<void> {
  const { task, result } = view
  const input = isTagged ? await inputOf(jobs, job, task, view.input) : undefined
  const copy = async (part: 'stdout' | 'stderr', write: typeof taskStderr): Promise<void> => {
    const tagger = input && new Tagger(input)
    for await (const chunk of jobs.bytes(job, task, part)) await write(tagger?.push(chunk) ?? chunk)
  }
  if ((result?.stdoutBytes ?? 0) > 0) await copy('stdout', stdout)
  if ((result?.stderrBytes ?? 0) > 0) await copy('stderr', taskStderr)
  const line = endLine(job, view)
  if (line !== '') stderr(line)
}

async function inputOf(jobs: Jobs, job: JobId, task: number, input: Payload): Promise<Uint8Array> {
  return isBlobRef(input) ? await firstBytes(jobs.bytes(job, task, 'input')) : input
}

async function printJson(jobs: Jobs, job: JobId, view: TaskView, { stdout }: Context) {
  const outputs = {
    stdout: await firstBytes(jobs.bytes(job, view.task, 'stdout')),
    stderr: await firstBytes(jobs.bytes(job, view.task, 'stderr'))
  }
  await writeTogether(jsonPieces({ ...taskEvent(job, view), event: 'log' }, outputs), stdout)
}
