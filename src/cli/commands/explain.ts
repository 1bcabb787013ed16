/** `p2pjobs explain`: why a job or a task does not run. */
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues, Operands } from '../command.ts'
import { explainTable } from '../job-tables.ts'
import { escapeText, jsonLine } from '../output.ts'
import { remoteCommand, wordsOf } from '../remote-command.ts'
import { oneJob } from '../selected-tasks.ts'
import { parseTaskSelector } from '../selector.ts'
import { usage } from '../values.ts'

export async function explainJob(
  jobs: Pick<RemoteJobs, 'jobs' | 'explain'>,
  { json }: FlagValues<typeof explainTable.flags>,
  context: Context,
  operands: Operands
): Promise<number> {
  const text = wordsOf(operands, 'ID')[0]
  const { job: named, tasks } = parseTaskSelector(text)
  const [range, ...others] = tasks ?? []
  if (range !== undefined && (range[0] !== range[1] || others.length > 0)) {
    throw usage(`'${text}' names several tasks; name one, as 5.2`)
  }
  const job = named === 'last' ? (await oneJob(jobs, named)).job : named
  for await (const { code, text } of jobs.explain(job, range?.[0])) {
    const line = { event: 'reason', job, task: range?.[0] ?? null, code, text }
    await context.stdout(json ? jsonLine(line) : `${escapeText(text)}\n`)
  }
  return ExitCode.ok
}

export const explainCommand = remoteCommand(explainTable, explainJob)
