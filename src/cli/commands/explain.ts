/** `p2pjobs explain`: why a job or a task does not run. */
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues, Operands } from '../command.ts'
import { explainTable } from '../job-tables.ts'
import { escapeText, jsonLine } from '../output.ts'
import { namedTasks, remoteCommand, wordsOf } from '../remote-command.ts'
import { oneJob } from '../selected-tasks.ts'
import type { TaskSelector } from '../selector.ts'
import { usage } from '../values.ts'

interface Explained {
  readonly named: TaskSelector['job']
  /** Undefined: the whole job. */
  readonly task: number | undefined
}

/** What the operand names. Throws USAGE. */
export function namedJobOrTask(operands: Operands): Explained {
  const { job, tasks } = namedTasks(operands)
  const [range, ...others] = tasks ?? []
  if (range !== undefined && (range[0] !== range[1] || others.length > 0)) {
    throw usage(`'${wordsOf(operands, 'ID')[0]}' names several tasks; name one, as 5.2`)
  }
  return { named: job, task: range?.[0] }
}

export async function explainJob(
  jobs: Pick<RemoteJobs, 'jobs' | 'explain'>,
  { json }: FlagValues<typeof explainTable.flags>,
  context: Context,
  { named, task }: Explained
): Promise<number> {
  const job = named === 'last' ? (await oneJob(jobs, named)).job : named
  for await (const { code, text } of jobs.explain(job, task)) {
    const line = { event: 'reason', job, task: task ?? null, code, text }
    await context.stdout(json ? jsonLine(line) : `${escapeText(text)}\n`)
  }
  return ExitCode.ok
}

export const explainCommand = remoteCommand(explainTable, namedJobOrTask, explainJob)
