/**
 * Short tasks one after the other: some are with the shells before their turn has come, and none of
 * them is lost, doubled or hit by what is meant for another.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { RunResult } from '../../src/exec/executor.ts'
import { TestExecutor, isAlive, numbersIn, textOf, until } from '../support/executors.ts'

const SHORT = 'sleep 0.002'

interface Started {
  readonly run: number
  readonly end: Promise<RunResult>
}

describe('shell executor, short tasks', function () {
  this.timeout(60_000)
  let on: TestExecutor

  beforeEach(async () => {
    on = await TestExecutor.open({ graceMs: 200 })
  })
  afterEach(() => on.remove())

  /** Started at once, with the number of each as its input. */
  function startAll(commands: readonly string[]): Started[] {
    return commands.map((command, at) => on.start(`${command}; echo {}`, { input: String(at) }))
  }

  function short(count: number): string[] {
    return new Array<string>(count).fill(SHORT)
  }

  async function expectWhole(
    tasks: readonly Started[],
    but: readonly number[] = []
  ): Promise<void> {
    for (const [at, { end }] of tasks.entries()) {
      if (but.includes(at)) continue
      const { outcome, stdout, reason } = await end
      expect(outcome, `task ${at}: ${reason}`).to.equal('success')
      expect(textOf(stdout)).to.equal(`${at}\n`)
    }
  }

  it('are stopped wherever they are, and no other is', async () => {
    const tasks = startAll(short(300))
    await tasks[20]?.end
    const stopped = tasks.flatMap((_task, at) => (at % 3 === 0 ? [at] : []))
    for (const at of stopped) on.executor.stop(tasks[at]?.run ?? 0)
    await expectWhole(tasks, stopped)
    const ends = await Promise.all(
      tasks.filter((_task, at) => stopped.includes(at)).map(({ end }) => end)
    )
    const outcomes = new Set(ends.map((end) => end.outcome))
    expect(outcomes).to.include('returned')
    for (const end of ends) if (end.outcome === 'failure') expect(end.signal).to.equal('SIGTERM')
  })

  it('are stopped one by one, each while it may be running, and no other is', async () => {
    for (let round = 0; round < 10; round++) {
      const tasks = startAll(short(30))
      const stopped: number[] = []
      for (let at = 5; at < 25; at += 2) {
        await tasks[at - 2]?.end
        on.executor.stop(tasks[at]?.run ?? 0)
        stopped.push(at)
      }
      await expectWhole(tasks, stopped)
      await Promise.all(tasks.map(({ end }) => end))
    }
  })

  it('are given back when they have not begun, and run to their end otherwise', async () => {
    const tasks = startAll(short(300))
    await tasks[20]?.end
    for (const { run } of tasks) on.executor.recall(run)
    const ends = await Promise.all(tasks.map(({ end }) => end))
    const returned = ends.flatMap(({ outcome }, at) => (outcome === 'returned' ? [at] : []))
    expect(returned.length).to.be.above(200)
    await expectWhole(tasks, returned)
    expect(textOf((await on.run('echo on')).stdout)).to.equal('on\n')
  })

  it('do not wait behind a long one while there is a free slot', async () => {
    const pid = join(on.work, 'pid')
    const tasks = startAll([...short(40), `echo $$ >'${pid}'; sleep 1000`, ...short(40)])
    await expectWhole(tasks, [40])
    const [long = 0] = await numbersIn(pid)
    expect(isAlive(long)).to.equal(true)
    on.executor.stop(tasks[40]?.run ?? 0)
    expect((await tasks[40]?.end)?.signal).to.equal('SIGTERM')
  })

  it('are given back from behind long ones, too', async () => {
    const gate = join(on.work, 'gate')
    const wait = `: >'${gate}-'{}; until [ -e '${gate}' ]; do sleep 0.01; done`
    const tasks = startAll([...short(40), wait, wait, ...short(400)])
    // Both slots are taken from now on.
    await until(() => [40, 41].every((at) => existsSync(`${gate}-${at}`)), 'both run')
    for (const { run } of tasks.slice(42)) on.executor.recall(run)
    const ends = await Promise.all(tasks.slice(42).map(({ end }) => end))
    const returned = ends.flatMap(({ outcome }, at) => (outcome === 'returned' ? [at + 42] : []))
    expect(returned).to.include(441)
    on.open(gate)
    await expectWhole(tasks, returned)
  })

  it('outlive a shell that dies before their turn has come', async () => {
    const dead = [30, 33, 60]
    const commands = short(100).map((command, at) => (dead.includes(at) ? 'kill -9 0' : command))
    const tasks = startAll(commands)
    await expectWhole(tasks, dead)
    for (const at of dead) expect((await tasks[at]?.end)?.signal).to.equal('SIGKILL')
  })

  it('are told to run once they have for a while', async () => {
    const tasks = startAll([...short(20), 'sleep 1000', 'sleep 1000'])
    const long = tasks.slice(20).map(({ run }) => run)
    await until(() => long.every((run) => on.begun.includes(run)), 'both are told of')
    for (const run of long) on.executor.stop(run)
    await Promise.all(tasks.map(({ end }) => end))
  })
})
