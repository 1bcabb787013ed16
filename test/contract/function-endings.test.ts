/** How tasks of functions are ended: by request, with the executor, and when processes are killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createFunctionExecutor } from '../../src/exec/functions/function-executor.ts'
import { NO_EVENTS, isAlive, until } from '../support/executors.ts'
import { TestFunctions, forEachIsolation, valueOf } from '../support/functions.ts'

const PARENT = fileURLToPath(new URL('../support/function-parent.ts', import.meta.url))
const KILLED = { outcome: 'failure', signal: 'SIGKILL', reason: 'killed by SIGKILL' }
/** No test waits for so long: what has to happen at once must not be the end of this. */
const NEVER_MS = 600_000

/** Processes of the machine whose command line has this word in it. */
function pidsWith(word: string): number[] {
  const names = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return names.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(word) && isAlive(pid)
    } catch {
      return false
    }
  })
}

forEachIsolation('function executor, endings', (isolation) => {
  let on: TestFunctions
  let mark: string

  beforeEach(async () => {
    on = await TestFunctions.open(isolation)
    mark = `mark-${process.pid}-${Math.random()}`
  })
  afterEach(() => on.remove())

  it('ends a task that is in a loop', async () => {
    const { run, end } = on.start('spin')
    await on.told(run, 'spinning')
    on.executor.stop(run)
    on.executor.stop(run)
    expect(await end).to.include(KILLED)
    expect(await on.value('add', [1, 2])).to.equal(3)
  })

  it('tells a task that listens, and lets it end by itself', async () => {
    await on.executor.close()
    await on.reopen({ graceMs: NEVER_MS })
    const { run, end } = on.start('hangUntilAborted', ['tidied up'])
    await on.told(run, 'listening')
    on.executor.stop(run)
    expect(valueOf(await end)).to.equal('tidied up')
  })

  it('kills a task that listens and goes on, after its grace', async () => {
    const { run, end } = on.start('ignoreAbortion')
    await on.told(run, 'listening')
    on.executor.stop(run)
    expect(await end).to.include(KILLED)
    expect(on.progress.get(run)).to.include('heard')
  })

  it('kills a task that cannot hear of it at once', async () => {
    await on.executor.close()
    await on.reopen({ graceMs: NEVER_MS })
    const { run, end } = on.start('hang')
    await on.told(run, 'hanging')
    on.executor.stop(run)
    expect(await end).to.include(KILLED)
  })

  it('gives back a task that has not begun, and runs the others of its process', async () => {
    await on.executor.close()
    await on.reopen({ slots: 1 })
    const [first, second, third] = on.startAll('identityAfter', [[[50]], [[1]], [[1]]])
    on.executor.stop(second!.run)
    expect(await second!.end).to.include({ outcome: 'returned', reason: 'it had not begun' })
    expect(valueOf(await third!.end)).to.equal(valueOf(await first!.end))
  })

  it('gives back what is recalled, unless it has begun', async () => {
    await on.executor.close()
    await on.reopen({ slots: 1 })
    const { run, end } = on.start('hangUntilAborted', ['ran'])
    const waiting = [1, 2].map((n) => on.start('echo', [n]))
    await on.told(run, 'listening')
    for (const each of [run, ...waiting.map((started) => started.run), 4_711]) {
      on.executor.recall(each)
    }
    for (const started of waiting) expect((await started.end).outcome).to.equal('returned')
    on.executor.stop(run)
    expect(valueOf(await end)).to.equal('ran')
  })

  it('takes back what waits in a process behind a task that turns out to be long', async () => {
    await Promise.all(
      on.startAll('spinFor', Array(300).fill([[0]]), { label: 'a' }).map(({ end }) => end)
    )
    const calls = [[[NEVER_MS]], ...Array.from({ length: 40 }, () => [[0]])]
    const [long, ...short] = on.startAll('spinFor', calls, { label: 'a' })
    await Promise.all(short.map(({ end }) => end))
    on.executor.stop(long!.run)
    expect(await long!.end).to.include(KILLED)
  })

  it('tells that a task which waited has begun', async () => {
    await on.executor.close()
    await on.reopen({ slots: 1 })
    const first = on.start('hangUntilAborted', ['first'])
    const second = on.start('hangUntilAborted', ['second'])
    await on.told(first.run, 'listening')
    on.executor.stop(first.run)
    await first.end
    await until(() => on.begun.includes(second.run), 'it is told')
    expect(on.begun.filter((run) => run === second.run)).to.have.length(1)
    on.executor.stop(second.run)
    await second.end
  })

  it('ends what a task started with it, and with its process', async () => {
    for (const how of ['stop', 'crash']) {
      const { run, end } = on.start('leaveProcesses', [`${mark}-${how}`])
      await on.told(run, 'started')
      await until(() => pidsWith(`${mark}-${how}`).length === 2, 'both run')
      if (how === 'stop') on.executor.stop(run)
      else for (const pid of on.childPids()) process.kill(pid, 'SIGKILL')
      await end
      expect(pidsWith(`${mark}-${how}`)).to.deep.equal([])
    }
  })

  it('gives back what runs when it is closed, leaving no process and no file', async () => {
    const busy = on.start('spin')
    const waiting = [1, 2, 3].map(() => on.start('leaveProcesses', [mark]))
    await on.told(busy.run, 'spinning')
    const pids = [...on.childPids(), ...on.launcherPids()]
    let isGivenBack = false
    void Promise.all([busy, ...waiting].map(({ end }) => end)).then(() => (isGivenBack = true))
    await Promise.all([on.executor.close(), on.executor.close()])
    expect(isGivenBack).to.equal(true)
    for (const { end } of [busy, ...waiting]) {
      expect(await end).to.include({ outcome: 'returned', reason: 'the executor was closed' })
    }
    expect(await waiting.at(-1)!.end).to.include({ startedAt: 0, runtimeMs: 0 })
    await until(() => !pids.some(isAlive) && pidsWith(mark).length === 0, 'all are gone')
    expect(readdirSync(on.folder)).to.deep.equal([])
    expect(await on.run('noop')).to.include({ outcome: 'returned' })
  })

  it('gives back what ran when its launcher is killed, and goes on', async () => {
    const { run, end } = on.start('spin')
    await on.told(run, 'spinning')
    const children = on.childPids()
    const [launcher = 0] = on.launcherPids()
    process.kill(launcher, 'SIGKILL')
    const { outcome, reason } = await end
    expect(outcome).to.equal('returned')
    expect(reason).to.contain('SIGKILL')
    await until(() => !children.some(isAlive), 'its children are gone')
    expect(await on.value('add', [2, 3])).to.equal(5)
    expect(on.notices).to.have.length(1)
    expect(on.launcherPids()).to.have.length(1).and.not.include(launcher)
  })

  it('does not take signals to its launcher for its end', async () => {
    const [launcher = 0] = on.launcherPids()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(launcher, signal)
    expect(await on.value('add', [2, 3])).to.equal(5)
    expect(on.launcherPids()).to.deep.equal([launcher])
  })

  for (const name of ['spin', 'leaveProcesses']) {
    it(`leaves nothing when the node is killed during ${name}`, async () => {
      await on.executor.close()
      const args = [PARENT, isolation, on.folder, on.bundleFile, name, mark]
      const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(parent.stdout, 'data')
      const pids = [...on.childPids(), ...on.launcherPids()]
      expect(pids.length).to.be.at.least(2)
      parent.kill('SIGKILL')
      await once(parent, 'close')
      await until(() => !pids.some(isAlive) && pidsWith(mark).length === 0, 'all are gone')
      expect(readdirSync(on.folder)).to.deep.equal([])
    })
  }

  it('cleans up after a node and a launcher that were killed at once', async () => {
    await on.executor.close()
    const args = [PARENT, isolation, on.folder, on.bundleFile, 'spin', mark]
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(parent.stdout, 'data')
    const children = on.childPids()
    const [launcher = 0] = on.launcherPids()
    // Stopped first: it must not get to see the end of the node.
    process.kill(launcher, 'SIGSTOP')
    parent.kill('SIGKILL')
    await once(parent, 'close')
    process.kill(launcher, 'SIGKILL')
    await until(() => !isAlive(launcher), 'the launcher is gone')
    await on.reopen()
    await until(() => !children.some(isAlive), 'its children are gone')
    expect(readdirSync(on.folder)).to.have.length(1)
  })

  it('refuses tasks while nothing can be started, and says why', async () => {
    const small = await on.run('add', [1, 2], { memoryBytesMax: 1 })
    expect(small.outcome).to.equal('refused')
    expect(small.reason).to.match(/^no process for functions could be started: .*memory/i)
    rmSync(on.folder, { recursive: true })
    writeFileSync(on.folder, '')
    const noFolder = await on.run('add', [1, 2])
    expect(noFolder.outcome).to.equal('refused')
    expect(noFolder.reason).to.contain(on.folder)
  })

  it('refuses a task whose bundle is not there', async () => {
    rmSync(on.bundleFile)
    const end = await on.run('add', [1, 2])
    expect(end.outcome).to.equal('refused')
    expect(end.reason).to.contain(on.bundle)
    writeFileSync(
      on.bundleFile,
      readFileSync(new URL('../support/task-functions.mjs', import.meta.url))
    )
    expect(await on.value('add', [1, 2])).to.equal(3)
  })

  it('says in one line why it cannot be made', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'p2pjobs-none-')), 'missing')
    const init = { slots: 1, folder, isolation, requiresSandbox: false }
    const error = await createFunctionExecutor(init, NO_EVENTS).catch((e: unknown) => e)
    expect(error).to.include({ name: 'P2pJobsError', code: 'EXECUTOR_FAILED' })
    expect((error as Error).message)
      .to.contain(folder)
      .and.not.contain('\n')
    rmSync(join(folder, '..'), { recursive: true })
  })
})
