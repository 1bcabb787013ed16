/** `p2pjobs cat`: one output, byte by byte. */
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, Operands } from '../command.ts'
import { catTable } from '../job-tables.ts'
import { remoteCommand, wordsOf } from '../remote-command.ts'
import { oneJob, selectedTasks } from '../selected-tasks.ts'
import { parseTaskSelector } from '../selector.ts'
import type { TaskSelector } from '../selector.ts'
import { usage } from '../values.ts'

interface Output {
  readonly selector: TaskSelector
  readonly part: 'stdout' | 'stderr'
}

/** What the operands name. Throws USAGE. */
export function namedOutput(operands: Operands): Output {
  const [id, part] = wordsOf(operands, 'ID', 'stdout or stderr')
  if (part !== 'stdout' && part !== 'stderr') {
    throw usage(`'${part}' is no output; name stdout or stderr`)
  }
  return { selector: parseTaskSelector(id), part }
}

export async function printOutput(
  jobs: Pick<RemoteJobs, 'jobs' | 'tasks' | 'bytes'>,
  _flags: unknown,
  context: Context,
  { selector, part }: Output
): Promise<number> {
  const { job } = await oneJob(jobs, selector.job)
  const isNamed = selector.tasks?.every(([from, to]) => from === to) === true
  for await (const { task, result } of selectedTasks(jobs, job, selector.tasks)) {
    // Asking for it says why there is none.
    if (result === undefined && !isNamed) continue
    for await (const chunk of jobs.bytes(job, task, part)) await context.stdout(chunk)
  }
  return ExitCode.ok
}

export const catCommand = remoteCommand(catTable, namedOutput, printOutput)
