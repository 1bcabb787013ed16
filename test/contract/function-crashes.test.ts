/** What becomes of tasks whose process dies, and of the innocent ones beside them. */
import { expect } from 'chai'
import { textOf, until } from '../support/executors.ts'
import { TestFunctions, forEachIsolation, valueOf } from '../support/functions.ts'
import type { FunctionEnd, StartedFunction } from '../support/functions.ts'

const MIB = 1024 * 1024

async function endsOf(started: readonly StartedFunction[]): Promise<FunctionEnd[]> {
  return await Promise.all(started.map(({ end }) => end))
}

forEachIsolation('function executor, crashes', (isolation) => {
  let on: TestFunctions

  before(async () => {
    on = await TestFunctions.open(isolation)
  })
  beforeEach(() => {
    on.notices.length = 0
  })
  afterEach(async () => {
    expect(await on.value('add', [1, 1])).to.equal(2)
  })
  after(() => on.remove())

  it('charges an exit to the task that called it, with its code and output', async () => {
    const end = await on.run('exit', [3])
    expect(end).to.include({ outcome: 'crash', exitCode: 3, signal: undefined })
    expect(end.reason).to.equal('process.exit(3) was called')
    expect(textOf(end.stdout)).to.equal('before\n')
    expect(await on.run('exit', [0])).to.include({ outcome: 'crash', exitCode: 0 })
    expect(await on.run('exit', [-1])).to.include({
      exitCode: 255,
      reason: 'process.exit(-1) was called'
    })
  })

  it('charges an abort, with the last words of the process as evidence', async () => {
    const end = await on.run('abort')
    expect(end).to.include({ outcome: 'crash', signal: 'SIGABRT', exitCode: undefined })
    expect(end.reason).to.equal('its process was killed by SIGABRT')
    expect(textOf(end.stderr)).to.contain('abort')
  })

  for (const signal of ['SIGKILL', 'SIGSEGV', 'SIGTERM']) {
    it(`charges the end by ${signal}`, async () => {
      const end = await on.run('killItself', [signal])
      expect(end).to.include({ outcome: 'crash', signal, exitCode: undefined })
      expect(end.reason).to.equal(`its process was killed by ${signal}`)
    })
  }

  it('charges an error that nobody caught, and tells it', async () => {
    const thrown = await on.run('throwFromTimer')
    expect(thrown).to.include({ outcome: 'crash', exitCode: 1 })
    expect(thrown.reason).to.equal('uncaught exception: Error: from a timer')
    expect(textOf(thrown.stderr)).to.match(/^Error: from a timer\n +at .*task-functions|bundles/)
    const rejected = await on.run('rejectUnheard')
    expect(rejected).to.include({ outcome: 'crash', exitCode: 1 })
    expect(rejected.reason).to.equal('unhandled rejection: Error: nobody heard')
  })

  it('charges what breaks the pipes of its process', async () => {
    expect(await on.run('closePipes')).to.include({ outcome: 'crash' })
    const end = await on.run('writeRubbish')
    expect(end.outcome).to.equal('crash')
    expect(end.reason).to.contain('its process sent what it should not')
  })

  it('charges a full heap', async () => {
    const limits = { memoryBytesMax: 300 * MIB }
    expect(Number(await on.value('heapLimit', [], limits))).to.be.below(420 * MIB)
    const end = await on.run('fillHeap', [], limits)
    expect(end.outcome).to.equal('crash')
    expect(end.reason).to.equal(`used more than its ${300 * MIB} bytes of memory`)
  })

  it('charges memory outside of the heap', async () => {
    const end = await on.run('fillBuffers', [], { memoryBytesMax: 300 * MIB })
    expect(end).to.include({ outcome: 'crash', signal: 'SIGKILL' })
    expect(end.reason).to.equal(`used more than its ${300 * MIB} bytes of memory`)
  })

  it('charges only the guilty of many tasks in the same process', async () => {
    for (const [name, args] of [
      ['exit', [5]],
      ['abort', []],
      ['killItself', ['SIGKILL']]
    ] as const) {
      const before = on.startAll('echo', numbered(300), { label: 'echo' })
      const guilty = on.start(name, args, { label: name })
      const after = on.startAll('echo', numbered(300), { label: 'echo' })
      const ends = await endsOf([...before, ...after])
      expect(ends.map(valueOf)).to.deep.equal([...numbered(300), ...numbered(300)].flat(2))
      expect((await guilty.end).outcome).to.equal('crash')
    }
  })

  it('charges only the guilty when several of one job crash', async () => {
    // Learnt to be short, so that many are in a process at once.
    await endsOf(on.startAll('killOdd', numbered(400, 2), { label: 'odd' }))
    const calls = Array.from({ length: 400 }, (_, at) => [[at % 100 === 99 ? 1 : 2]])
    const ends = await endsOf(on.startAll('killOdd', calls, { label: 'odd' }))
    const crashed = ends.flatMap(({ outcome }, at) => (outcome === 'crash' ? [at] : []))
    expect(crashed).to.deep.equal([99, 199, 299, 399])
    expect(ends.filter(({ outcome }) => outcome === 'success')).to.have.length(396)
  })

  it('charges the task that runs when its process is killed from outside', async () => {
    const started = on.start('hang')
    await on.told(started.run, 'hanging')
    for (const pid of on.childPids()) process.kill(pid, 'SIGKILL')
    expect(await started.end).to.include({ outcome: 'crash', signal: 'SIGKILL' })
  })

  it('charges nobody when an idle process is killed from outside', async () => {
    await on.run('add', [1, 2])
    const pids = on.childPids()
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    await until(() => !on.childPids().some((pid) => pids.includes(pid)), 'they are gone')
    expect(await on.value('add', [1, 2])).to.equal(3)
  })

  it('does not charge a task for what another left behind', async () => {
    const one = { tasksPerChildMax: 1_000, slotsMax: 1 }
    for (const name of ['throwLater', 'exitLater'] as const) {
      const args = name === 'throwLater' ? [20] : [4, 20]
      await on.run(name, args, { ...one, job: 3, task: 8 })
      const innocent = await on.run('printAndWait', [100_000, 100], one)
      expect(innocent.outcome).to.equal('success')
      expect(textOf(innocent.stdout)).to.equal(`${'x'.repeat(100_000)}\n`)
      await until(() => on.notices.length > 0, 'it is told')
      expect(on.notices.splice(0).join('\n')).to.contain(
        'job 3, task 8 left something behind that failed after its end'
      )
    }
    expect(valueOf(await on.run('rejectAndEnd', [], one))).to.equal('ended')
    expect((await on.run('identityAfter', [50], one)).outcome).to.equal('success')
    expect(on.notices.join('\n')).to.contain('unhandled rejection: Error: left unheard')
  })
})

/** One call each, with numbers from 0 by `step`. */
function numbered(count: number, step = 1): number[][][] {
  return Array.from({ length: count }, (_, at) => [[at * step]])
}
