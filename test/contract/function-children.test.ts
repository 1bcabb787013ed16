/** Which tasks share a process, and when processes come and go. */
import { expect } from 'chai'
import { textOf, until } from '../support/executors.ts'
import {
  TestFunctions,
  bundleOf,
  errorOf,
  forEachIsolation,
  valueOf
} from '../support/functions.ts'
import type { StartedFunction } from '../support/functions.ts'

async function processesOf(on: TestFunctions, master: string, tasks = 6): Promise<Set<unknown>> {
  const calls = Array.from({ length: tasks }, () => [[5]])
  const started = on.startAll('identityAfter', calls, { master })
  return new Set(await Promise.all(started.map(async ({ end }) => valueOf(await end))))
}

forEachIsolation('function executor, processes', (isolation) => {
  let on: TestFunctions

  beforeEach(async () => {
    on = await TestFunctions.open(isolation)
  })
  afterEach(() => on.remove())

  it('runs the tasks of two masters in different processes, and keeps these warm', async () => {
    const rounds = []
    for (let round = 0; round < 3; round++) {
      const [a, b] = await Promise.all(['a', 'b'].map((master) => processesOf(on, master)))
      rounds.push([a!, b!])
    }
    const ofA = new Set(rounds.flatMap(([a]) => [...a!]))
    const ofB = new Set(rounds.flatMap(([, b]) => [...b!]))
    expect([...ofA].filter((each) => ofB.has(each))).to.deep.equal([])
    expect(ofA.size).to.be.at.most(2)
    expect(ofB.size).to.be.at.most(2)
  })

  it('gives every master its turn', async () => {
    await on.executor.close()
    await on.reopen({ slots: 1 })
    const order: string[] = []
    const note = async (name: string, { end }: StartedFunction): Promise<void> => {
      await end
      order.push(name)
    }
    const calls = Array.from({ length: 100 }, () => [[1]])
    const before = on.startAll('spinFor', calls, { master: 'a', label: 'a' })
    const mine = on.start('identity', [], { master: 'b' })
    const after = on.startAll('spinFor', calls, { master: 'a', label: 'a' })
    await Promise.all([
      ...before.map((each) => note('before', each)),
      note('mine', mine),
      ...after.map((each) => note('after', each))
    ])
    const fair = [...Array<string>(100).fill('before'), 'mine', ...Array<string>(100).fill('after')]
    expect(order).to.deep.equal(fair)
  })

  it('keeps no more idle processes than it may, the last used longest', async () => {
    for (const master of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      await on.value('identity', [], { master })
    }
    await until(() => on.childPids().length <= 6, 'some are gone')
    const [last] = await processesOf(on, 'h', 1)
    expect(await on.value('identity', [], { master: 'h' })).to.equal(last)
  })

  it('ends processes that are idle for long', async () => {
    await on.executor.close()
    await on.reopen({ idleMs: 50 })
    await on.value('identity')
    await until(() => on.childPids().length === 0, 'none is left')
    expect(await on.value('add', [1, 2])).to.equal(3)
  })

  it('has processes ready before there are tasks, for whoever comes first', async () => {
    await on.executor.close()
    await on.reopen({ spares: 2 })
    await until(() => on.childPids().length === 2, 'both are there')
    const before = on.childPids()
    await processesOf(on, 'a')
    expect(on.childPids()).to.have.members(before)
  })

  it('replaces a process after as many tasks as it may run', async () => {
    for (const tasksPerChildMax of [1, 3]) {
      const calls = Array.from({ length: 9 }, () => [[]])
      const started = on.startAll('identity', calls, { tasksPerChildMax })
      const processes = await Promise.all(started.map(async ({ end }) => valueOf(await end)))
      const counts = new Map<unknown, number>()
      for (const each of processes) counts.set(each, (counts.get(each) ?? 0) + 1)
      expect(Math.max(...counts.values())).to.equal(tasksPerChildMax)
      expect(counts.size).to.be.at.least(9 / tasksPerChildMax)
    }
  })

  it('replaces a process that has loaded many bundles', async () => {
    await on.executor.close()
    await on.reopen({ slots: 1 })
    const processes = new Set<unknown>()
    for (let n = 0; n < 70; n++) {
      const code = `export const identity = () => globalThis.own ??= crypto.randomUUID() // ${n}`
      processes.add(valueOf(await on.runBundle(bundleOf(on.work, code), 'identity')))
    }
    expect(processes.size).to.equal(2)
  })

  it('gives a task that is to be alone a process of its own, whose id it says first', async () => {
    const started = on.startAll('tellAll', Array(3).fill([[['mine'], 1]]), { isAlone: true })
    const pids = new Set<unknown>()
    for (const { run, end } of started) {
      expect(valueOf(await end)).to.equal('done')
      const [pid, mine] = on.progress.get(run) ?? []
      expect(mine).to.equal('mine')
      pids.add(pid)
    }
    expect(pids.size).to.equal(3)
    const { run, end } = on.start('hang', [], { isAlone: true })
    await on.told(run, 'hanging')
    process.kill(Number(on.progress.get(run)?.[0]), 'SIGKILL')
    expect(await end).to.include({ outcome: 'crash', signal: 'SIGKILL' })
  })

  it('calls the initializer once in every process, before its first task', async () => {
    const order = { initialize: ['initialize', 'a', new Map([['b', 1]])] as const }
    const calls = Array.from({ length: 20 }, () => [[]])
    const ends = on.startAll('initializedWith', calls, { ...order, label: 'i' })
    const all = await Promise.all(ends.map(({ end }) => end))
    for (const end of all) {
      expect(valueOf(end)).to.deep.equal([['a', new Map([['b', 1]])]])
    }
    const printed = all.map(({ stdout }) => textOf(stdout)).join('')
    expect(printed.match(/initializing/g)?.length).to.be.within(1, 2)
  })

  it('fails tasks whose initializer fails, and tries it again in another process', async () => {
    const order = { initialize: ['initializeBadly'] as const }
    for (let n = 0; n < 3; n++) {
      const end = await on.run('add', [1, 2], order)
      expect(end.outcome).to.equal('failure')
      expect(end.reason).to.equal('the initializer failed: Error: no such device')
      expect(errorOf(end).message).to.equal(end.reason)
      expect(errorOf(end).cause).to.include({ message: 'no such device' })
    }
    const missing = await on.run('add', [1, 2], { initialize: ['nowhere'] })
    expect(missing.reason).to.contain(
      `the initializer failed: TypeError: the module exports no 'nowhere'`
    )
    expect(await on.value('add', [1, 2])).to.equal(3)
  })

  it('fails a bundle that cannot be loaded, with what is wrong', async () => {
    for (const [code, reason] of [
      ['export const f = (', /SyntaxError/],
      ['throw new RangeError("at load"); export const f = 1', /RangeError: at load/],
      ['import "no-such-package"; export const f = 1', /no-such-package/]
    ] as const) {
      const end = await on.runBundle(bundleOf(on.work, code), 'f')
      expect(end.outcome).to.equal('failure')
      expect(end.reason).to.match(reason).and.contain(`the module of 'f' cannot be loaded`)
    }
  })
})
