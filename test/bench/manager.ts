/**
 * A pair of queues on a manager, as the scheduler that this grew out of: a master puts jobs, slaves
 * take them and put them back, and the master takes those. Each is a process of its own. Where there
 * is a `python3`, the same with its BaseManager, in turn.
 */
import { spawnSync } from 'node:child_process'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'
import { PYTHON, Stage } from './manager-stage.ts'
import type { Actor, System } from './manager-stage.ts'
import { memoryMiB } from './processes.ts'
import { cpuOf, readUsages, usedBetween } from './usage.ts'

const BENCH = 'manager'
const SLAVES = [1, 2, 4]
const CONTENDERS = 4
const LOCKS = 2_000
const CLIENTS = 100
/** So that each form takes about as long: the fast ones would measure the compiler, above all. */
const SHARE: Readonly<Record<System, number>> = {
  ...{ one: 0.1, together: 5, many: 10 },
  [PYTHON]: 1
}

/** Our forms of the same loop, and Python's one. */
const NAMES: Readonly<Record<System, string>> = {
  one: 'each call awaited',
  together: '64 jobs in hand',
  many: 'putMany and getMany',
  [PYTHON]: PYTHON
}

interface Measured {
  readonly what: string
  readonly unit: string
  readonly value: number
}

/** `items`: how many jobs in a round of BaseManager; `rounds`: how often all is measured, in turn. */
export async function measureManager(rounds: number, items: number): Promise<Figure[]> {
  const hasPython = spawnSync('python3', ['--version']).status === 0
  const systems = (Object.keys(NAMES) as System[]).filter((name) => name !== PYTHON || hasPython)
  const figures = new Figures()
  const tell = ({ what, unit, value }: Measured): void => {
    figures.add({ bench: BENCH, what, unit }, value)
  }
  for (let round = 0; round < rounds; round++) {
    for (const slaves of SLAVES) (await measureItems(systems, slaves, items)).forEach(tell)
    for (const system of systems.filter((name) => name === 'one' || name === PYTHON)) {
      ;(await onStage(system, measureLock)).forEach(tell)
    }
    ;(await onStage('one', measureMemory)).forEach(tell)
  }
  return figures.all
}

async function onStage<Result>(
  system: System,
  work: (stage: Stage, server: Actor) => Promise<Result>
): Promise<Result> {
  const stage = new Stage(system)
  try {
    const server = await stage.start('serve')
    return await work(stage, server)
  } finally {
    await stage.end()
  }
}

/** All systems with so many slaves, one after the other, and how far each of ours is ahead. */
async function measureItems(
  systems: readonly System[],
  slaves: number,
  items: number
): Promise<Measured[]> {
  const measured: Measured[] = []
  const rates = new Map<System, number>()
  for (const system of systems) {
    const what = `${NAMES[system]}, slaves: ${slaves}`
    const count = Math.ceil(items * SHARE[system])
    const { rate, cpuUs } = await onStage(system, (stage) => passThrough(stage, slaves, count))
    rates.set(system, rate)
    measured.push(
      { what, unit: 'items/s', value: rate },
      { what, unit: 'CPU us/item', value: cpuUs }
    )
  }
  const peer = rates.get(PYTHON)
  for (const [system, rate] of rates) {
    if (peer === undefined || system === PYTHON) continue
    const what = `${NAMES[system]} ahead of ${PYTHON}, slaves: ${slaves}`
    measured.push({ what, unit: 'x', value: rate / peer })
  }
  return measured
}

async function passThrough(
  stage: Stage,
  slaves: number,
  items: number
): Promise<{ rate: number; cpuUs: number }> {
  for (let slave = 0; slave < slaves; slave++) await stage.start('slave')
  const master = await stage.start('master')
  // What runs first is not yet compiled.
  await master.do(Math.ceil(items / 2))
  const group = { all: stage.pids }
  const before = readUsages(group)
  const { seconds } = await master.do(items)
  const used = usedBetween(before, readUsages(group))
  return { rate: items / Number(seconds), cpuUs: (cpuOf(used) / items) * 1e6 }
}

async function measureLock(stage: Stage): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const contenders of [1, CONTENDERS]) {
    const lockers = []
    while (lockers.length < contenders) lockers.push(await stage.start('locker'))
    await Promise.all(lockers.map((locker) => locker.do(LOCKS / 4)))
    const all = await Promise.all(lockers.map((locker) => locker.do(LOCKS / contenders)))
    const who = stage.system === PYTHON ? `${PYTHON}, ` : ''
    for (const place of ['p50', 'p99']) {
      const value = Math.max(...all.map((each) => Number(each[`${place}Ms`])))
      const what = `${who}acquire and release, contenders: ${contenders}, ${place}`
      measured.push({ what, unit: 'ms', value })
    }
  }
  return measured
}

/** What a client that waits takes at the manager, its connection included. */
async function measureMemory(stage: Stage, server: Actor): Promise<Measured[]> {
  const waiter = await stage.start('waiter')
  const residentAfter = async (clients: number): Promise<number> => {
    await waiter.do(clients)
    // Without what it does not need any more.
    await server.do(0)
    return memoryMiB(server.pid, 'VmRSS')
  }
  // What the first ones bring with them is not counted.
  const before = await residentAfter(CLIENTS / 4)
  const value = (((await residentAfter(CLIENTS)) - before) / CLIENTS) * 1024
  return [{ what: 'a client that waits, at the manager', unit: 'KiB', value }]
}
