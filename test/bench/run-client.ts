/**
 * Starts a client of its own for each loop.
 */
import { fileURLToPath } from 'node:url'
import type { Programs } from '../support/program.ts'
import type { ClientInit } from './client.ts'
import type { LoopFigures } from './loops.ts'
import { timedModule } from './processes.ts'
import type { Stage } from './stage.ts'

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url))

/** Runs one loop in a new process with a new home; `stage` has the workers, if it needs any. */
export async function runClient(
  programs: Programs,
  {
    loop,
    system,
    count,
    bytes = 0
  }: Pick<ClientInit, 'loop' | 'system' | 'count'> & { bytes?: number },
  stage: Stage | undefined
): Promise<LoopFigures> {
  const { addresses = [], pids = [], token } = stage ?? {}
  const init: ClientInit = { loop, system, count, bytes, addresses, pids }
  const env = { P2PJOBS_HOME: programs.home(), ...(token && { P2PJOBS_TOKEN: token }) }
  return await timedModule<LoopFigures>([CLIENT, JSON.stringify(init)], env)
}
