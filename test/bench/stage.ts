/**
 * Worker nodes as processes, on loopback, for masters that come and go.
 */
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { LOOPBACK } from '../support/program.ts'
import type { Programs } from '../support/program.ts'

/** A network, and what its workers are reached by. */
export interface Stage {
  /** Masters may have it. */
  readonly token: string
  readonly addresses: readonly string[]
  readonly pids: readonly number[]
}

/** Many at once take their time where there are few cores. */
const STARTED_WITHIN_MS = 120_000

/** Starts workers of one slot each that know nobody. */
export async function startWorkers(programs: Programs, workers: number): Promise<Stage> {
  const token = encodeToken(createCredentials(), 'full')
  const started = Array.from({ length: workers }, (_, at) => {
    const words = ['node', '--json', '--name', `worker-${at + 1}`, '--slots', '1', ...LOOPBACK]
    return programs.start(words, { env: { P2PJOBS_TOKEN: token } })
  })
  const told = await Promise.all(
    started.map((worker) => worker.jsonLine(({ event }) => event === 'node', STARTED_WITHIN_MS))
  )
  const addresses = told.map((line) => String((line['addresses'] as unknown[])[0]))
  return { token, addresses, pids: started.map(({ pid }) => pid) }
}
