/**
 * Starts a client of its own for each loop.
 */
import { fileURLToPath } from 'node:url'
import type { Programs } from '../support/program.ts'
import type { ClientInit } from './client.ts'
import type { LoopFigures, LoopName } from './loops.ts'
import { timedModule } from './processes.ts'
import type { Stage } from './stage.ts'

const CLIENT = fileURLToPath(new URL('client.ts', import.meta.url))

type ClientTask = Pick<ClientInit, 'loop' | 'system' | 'count'> &
  Partial<Pick<ClientInit, 'warm' | 'bytes'>>

/** As many as the clients of bench/peers take. */
const WARM: Readonly<Record<LoopName, number>> = { noop: 200, alone: 50, echo: 4, burn: 20 }

/** Runs one loop in a new process with a new home; `stage` has the workers, if it needs any. */
export async function runClient(
  programs: Programs,
  { loop, system, count, warm = WARM[loop], bytes = 0 }: ClientTask,
  stage: Stage | undefined,
  nodeWords: readonly string[] = []
): Promise<LoopFigures> {
  const { addresses = [], pids = [], token } = stage ?? {}
  const init: ClientInit = { loop, system, count, warm, bytes, addresses, pids }
  const env = { P2PJOBS_HOME: programs.home(), ...(token && { P2PJOBS_TOKEN: token }) }
  return await timedModule<LoopFigures>([...nodeWords, CLIENT, JSON.stringify(init)], env)
}
