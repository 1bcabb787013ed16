/**
 * Worker nodes as processes, on loopback, for masters that come and go.
 */
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { addressOf, LOOPBACK } from '../support/program.ts'
import type { Programs } from '../support/program.ts'

/** A network, and what its workers are reached by. */
export interface Stage {
  /** Masters may have it. */
  readonly token: string
  readonly addresses: readonly string[]
  readonly pids: readonly number[]
}

/** Starts workers of one slot each that know nobody. */
export async function startWorkers(programs: Programs, workers: number): Promise<Stage> {
  const token = encodeToken(createCredentials(), 'full')
  const started = Array.from({ length: workers }, (_, at) => {
    const words = ['node', '--json', '--name', `worker-${at + 1}`, '--slots', '1', ...LOOPBACK]
    return programs.start(words, { env: { P2PJOBS_TOKEN: token } })
  })
  const addresses = await Promise.all(started.map(addressOf))
  return { token, addresses, pids: started.map(({ pid }) => pid) }
}
