/**
 * What has become of jobs that somebody wanted to cancel, retry or forget.
 */
import type { JobChange } from '../core/job-views.ts'
import type { Selection } from '../core/selection.ts'
import { ExitCode } from './command.ts'
import type { Context } from './command.ts'
import { changeEvent } from './job-lines.ts'
import { jsonLine } from './output.ts'

/** Tells of each job; the exit status. Whoever says all means those that have ended. */
export async function tellEnded(
  changes: AsyncIterable<JobChange>,
  selection: Selection,
  isJson: boolean,
  context: Context
): Promise<number> {
  const isAllDone = await tellChanges(changes, isJson, context)
  return isAllDone || selection.type === 'all' ? ExitCode.ok : ExitCode.failed
}

/** Tells of each job; true if everything was done. */
export async function tellChanges(
  changes: AsyncIterable<JobChange>,
  isJson: boolean,
  { stdout, stderr }: Context
): Promise<boolean> {
  let isAllDone = true
  for await (const change of changes) {
    const isDone = change.change !== 'has ended' && change.change !== 'has not ended'
    isAllDone &&= isDone
    if (isJson) await stdout(jsonLine(changeEvent(change)))
    else if (change.newJob !== undefined) await stdout(`${String(change.newJob)}\n`)
    else stderr(`p2pjobs: ${changeLine(change)}\n`)
  }
  return isAllDone
}

function changeLine({ job, change, tasks }: JobChange): string {
  const count = tasks === 1 ? '1 task' : `${tasks} tasks`
  switch (change) {
    case 'canceled':
      return `canceled job ${job}: ${count}`
    case 'forgotten':
      return `forgot job ${job}`
    case 'retried':
      return `job ${job} has no tasks to retry`
    case 'has ended':
      return `job ${job} has ended already`
    case 'has not ended':
      return `job ${job} has not ended, and is left alone; wait for it or cancel it first`
  }
}
