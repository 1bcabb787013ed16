/**
 * How long until the tasks of a worker that has vanished run elsewhere, with the default lease: from
 * the blow to the `started` of its last task on another machine.
 */
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { Netlab, netlabMissing } from '../support/netlab.ts'
import { LOOPBACK, PROGRAM, Programs } from '../support/program.ts'
import type { Figure } from './figures.ts'

const BENCH = 'loss of a worker'
/** A lease and all that can come on top. */
const WAIT_MS = 30_000
const TASKS = 4
/** With room for what every lost worker leaves behind. */
const WORKER = ['--json', '--slots', '100']

/** A way to lose a worker; resolves when it has happened. */
type Blow = (worker: LineProcess, name: string) => Promise<void> | void

/** Machines with a master that reads jobs from its stdin. */
interface Place {
  readonly master: LineProcess
  startWorker(name: string): LineProcess
}

export async function measureLoss(rounds: number): Promise<Figure[]> {
  return [
    await onLoopback('killed by SIGKILL', rounds, (worker) => worker.kill('SIGKILL')),
    await onLoopback('stopped by SIGSTOP', rounds, (worker) => worker.kill('SIGSTOP')),
    ...(netlabMissing() === undefined ? [await inNamespaces(rounds)] : [])
  ]
}

async function onLoopback(how: string, rounds: number, blow: Blow): Promise<Figure> {
  const programs = new Programs()
  try {
    const { master, token, address } = await programs.master(['--slots', '0', '--jobs', '-'])
    const startWorker = (name: string): LineProcess =>
      programs.start(['node', ...WORKER, '--name', name, ...LOOPBACK, '--join', address], {
        env: { P2PJOBS_TOKEN: token }
      })
    return await measure(how, rounds, { master, startWorker }, blow)
  } finally {
    await programs.end()
  }
}

async function inNamespaces(rounds: number): Promise<Figure> {
  const programs = new Programs()
  const hosts = rounds + 3
  const lab = await Netlab.up(hosts)
  try {
    const start = (host: number, words: readonly string[], token?: string): LineProcess => {
      const home = programs.home()
      const env = { ...process.env, P2PJOBS_HOME: home, ...(token && { P2PJOBS_TOKEN: token }) }
      return lab.spawn(host, process.execPath, [PROGRAM, 'node', ...words], { env })
    }
    const master = start(1, ['--json', '--master', '--slots', '0', '--jobs', '-'])
    const { token } = await master.jsonLine(({ event }) => event === 'network')
    let host = 1
    const hostOf = new Map<string, number>()
    const startWorker = (name: string): LineProcess => {
      hostOf.set(name, ++host)
      return start(host, [...WORKER, '--name', name], String(token))
    }
    const cut: Blow = (_worker, name) => lab.cut(hostOf.get(name) ?? 0)
    return await measure('cut off from the network', rounds, { master, startWorker }, cut)
  } finally {
    await lab.down()
    await programs.end()
  }
}

async function measure(how: string, rounds: number, place: Place, blow: Blow): Promise<Figure> {
  const { master } = place
  const workers = new Map<string, LineProcess>()
  const values: number[] = []
  let named = 0
  for (let round = 0; round < rounds; round++) {
    while (workers.size < 2) {
      const name = `worker-${++named}`
      workers.set(name, place.startWorker(name))
      await master.jsonLine((line) => line['status'] === 'joined' && line['name'] === name, WAIT_MS)
    }
    const first = round * TASKS + 1
    master.child.stdin.write('sleep 10000\n'.repeat(TASKS))
    const tasks = Array.from({ length: TASKS }, (_, at) => first + at)
    const ran = await master.jsonLine(started(tasks, 1), WAIT_MS)
    const victim = String(ran['name'])
    const worker = workers.get(victim)
    if (worker === undefined) throw new Error(`${victim} is not known`)
    const lost = tasks.filter((task) => master.json.some(startedOn(task, victim)))
    await blow(worker, victim)
    const at = performance.now()
    await Promise.all(lost.map((task) => master.jsonLine(started([task], 2), WAIT_MS)))
    values.push((performance.now() - at) / 1000)
    workers.delete(victim)
  }
  return { bench: BENCH, what: `tasks of a worker ${how} run elsewhere`, unit: 's', values }
}

function started(tasks: readonly number[], attempt: number): (line: JsonLine) => boolean {
  return (line) =>
    line['event'] === 'started' &&
    tasks.includes(Number(line['task'])) &&
    Number(line['attempt']) >= attempt
}

function startedOn(task: number, name: string): (line: JsonLine) => boolean {
  return (line) => started([task], 1)(line) && line['name'] === name
}
