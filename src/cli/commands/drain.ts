/** `p2pjobs drain`: gives out no more work, to one worker or to all. */
import type { RemoteJobs } from '../../node/remote-jobs.ts'
import { ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { drainTable } from '../job-tables.ts'
import { whereOf } from '../job-lines.ts'
import { jsonLine } from '../output.ts'
import { remoteCommand } from '../remote-command.ts'

export async function drainWorkers(
  jobs: Pick<RemoteJobs, 'drain'>,
  { worker, undo, json }: FlagValues<typeof drainTable.flags>,
  context: Context
): Promise<number> {
  for await (const summary of jobs.drain(worker, !undo)) {
    const { worker: id, name, held } = summary
    if (json) {
      await context.stdout(jsonLine({ event: 'drain', worker: id, name, held, isDraining: !undo }))
      continue
    }
    const what = undo ? 'gets work again' : `gets no more work; it has ${tasksOf(held)}`
    context.stderr(`p2pjobs: ${whereOf(id, name)} ${what}\n`)
  }
  return ExitCode.ok
}

export const drainCommand = remoteCommand(drainTable, () => undefined, drainWorkers)

function tasksOf(count: number): string {
  return count === 1 ? '1 task' : `${count} tasks`
}
