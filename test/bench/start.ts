/**
 * From starting a second node, whose token is kept, to its first result: a command that waits at
 * the master. They find each other by mDNS. The parts are what each side says it has done.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'
import type { Figure } from './figures.ts'

const BENCH = 'start of a second node'
const LEFT_MS = 3_000
const STEPS = ['is up', 'knows the master', 'is known to it as a worker', 'has its first result']

export async function measureStart(rounds: number): Promise<Figure[]> {
  const programs = new Programs()
  const times: number[][] = STEPS.map(() => [])
  try {
    const home = programs.home()
    const master = await startMaster(programs, home)
    for (let round = 0; round <= rounds; round++) {
      const steps = await startWorker(programs, master, `round-${round}`)
      // The first round keeps the token.
      if (round > 0) steps.forEach((ms, step) => times[step]?.push(ms))
    }
  } finally {
    await programs.end()
  }
  return STEPS.map((what, step) => {
    return { bench: BENCH, what: `a second node ${what}`, unit: 'ms', values: times[step] ?? [] }
  })
}

interface Master {
  readonly process: LineProcess
  readonly token: string
  readonly workerHome: string
}

async function startMaster(programs: Programs, home: string): Promise<Master> {
  const words = ['node', '--master', '--json', '--slots', '0', '--jobs', '-']
  const process = programs.start(words, { home })
  const { token } = await process.jsonLine(({ event }) => event === 'network')
  await process.jsonLine(({ event }) => event === 'node')
  return { process, token: String(token), workerHome: programs.home() }
}

/** The milliseconds to each step. */
async function startWorker(programs: Programs, master: Master, name: string): Promise<number[]> {
  master.process.child.stdin.write('true\n')
  const startedAt = performance.now()
  const worker = programs.start(['node', '--json', '--slots', '1', '--name', name], {
    home: master.workerHome,
    env: { P2PJOBS_TOKEN: master.token }
  })
  const since = (line: Promise<unknown>): Promise<number> =>
    line.then(() => performance.now() - startedAt)
  const steps = await Promise.all([
    since(worker.jsonLine(({ event }) => event === 'node')),
    since(worker.jsonLine(({ event, status }) => event === 'member' && status === 'alive')),
    since(
      master.process.jsonLine(
        (line) => line['event'] === 'worker' && line['status'] === 'joined' && line['name'] === name
      )
    ),
    since(master.process.jsonLine((line) => line['event'] === 'result' && line['name'] === name))
  ])
  await worker.stop()
  // What is heard of a node that has just left is taken for old news.
  await delay(LEFT_MS)
  return steps
}
