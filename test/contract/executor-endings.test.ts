/** How tasks are ended: by request, with the executor, and when processes are killed. */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createShellExecutor, isSpoolFile } from '../../src/exec/executor.ts'
import { NO_EVENTS, TestExecutor, isAlive, numbersIn, textOf, until } from '../support/executors.ts'

const PARENT = fileURLToPath(new URL('../support/executor-parent.ts', import.meta.url))

/** A command that starts a child deaf to TERM and one outside of its session, writes the pids, and hangs. */
function tree(file: string): string {
  return [
    `sh -c 'trap "" TERM HUP; while :; do sleep 1; done' & deaf=$!`,
    `setsid sh -c 'echo $$ >"${file}.escaped"; while :; do sleep 1; done' &`,
    `until [ -s '${file}.escaped' ]; do sleep 0.01; done`,
    `echo $$ $deaf $(cat '${file}.escaped') >'${file}.new'; mv '${file}.new' '${file}'`,
    'while :; do sleep 1; done'
  ].join('\n')
}

async function expectGone(pids: readonly number[]): Promise<void> {
  expect(pids).to.have.length(3)
  await until(() => !pids.some(isAlive), `${pids.join(', ')} are gone`)
}

describe('shell executor, endings', function () {
  this.timeout(60_000)
  let on: TestExecutor
  let file: string

  beforeEach(async () => {
    on = await TestExecutor.open({ graceMs: 200, leftoverMs: 100 })
    file = join(on.work, 'pids')
  })
  afterEach(() => on.remove())

  it('ends a task with everything it started', async () => {
    const { run, end } = on.start(tree(file))
    const pids = await numbersIn(file)
    on.executor.stop(run)
    expect(await end).to.include({
      outcome: 'failure',
      signal: 'SIGTERM',
      reason: 'killed by SIGTERM'
    })
    expect(pids.filter(isAlive)).to.deep.equal([])
    expect(textOf((await on.run('echo on')).stdout)).to.equal('on\n')
  })

  it('kills a task that ignores TERM', async () => {
    const { run, end } = on.start(`trap '' TERM; echo $$ >'${file}'; while :; do sleep 1; done`)
    const [pid = 0] = await numbersIn(file)
    on.executor.stop(run)
    expect(await end).to.include({ outcome: 'failure', signal: 'SIGKILL', exitCode: undefined })
    expect(isAlive(pid)).to.equal(false)
  })

  it('lets a task, and what it started, clean up', async () => {
    await on.executor.close()
    await on.reopen({ graceMs: 60_000 })
    // The file says that both can hear of the end.
    const child = `trap 'sleep 0.1; echo child >"${file}.clean"; exit' TERM; echo 1 >'${file}'; while :; do sleep 0.02; done`
    const { run, end } = on.start(`trap 'exit 9' TERM\n(${child}) &\nwhile :; do sleep 0.02; done`)
    await numbersIn(file)
    on.executor.stop(run)
    expect(await end).to.include({ exitCode: 9, reason: 'exit status 9' })
    expect(existsSync(`${file}.clean`)).to.equal(true)
  })

  it('ends a task that was stopped before it could begin, well within its grace', async () => {
    await on.executor.close()
    await on.reopen({ graceMs: 50_000 })
    for (let round = 0; round < 20; round++) {
      const { run, end } = on.start('sleep 1000')
      on.executor.stop(run)
      expect((await end).signal).to.equal('SIGTERM')
    }
  })

  it('gives back a task that still waits for a slot when it is stopped', async () => {
    const running = [1, 2].map(() => on.start('sleep 1000'))
    const waiting = on.start('echo never')
    on.executor.stop(waiting.run)
    expect(await waiting.end).to.include({ outcome: 'returned' })
    for (const { run } of running) on.executor.stop(run)
    for (const { end } of running) expect((await end).signal).to.equal('SIGTERM')
  })

  it('ends what a task left behind that killed its own shell, before that is reported', async () => {
    await on.executor.close()
    await on.reopen()
    const escaped = `setsid sh -c 'echo $$ >"${file}"; exec sleep 1000' &`
    const end = await on.run(`${escaped} until [ -s '${file}' ]; do sleep 0.01; done; kill -9 0`)
    expect(end.signal).to.equal('SIGKILL')
    const [pid = 0] = await numbersIn(file)
    expect(isAlive(pid)).to.equal(false)
  })

  it('ignores a stop of what has ended or never was', async () => {
    const { run, end } = on.start('true')
    await end
    on.executor.stop(run)
    on.executor.stop(4_711)
    expect((await on.run('true')).outcome).to.equal('success')
  })

  it('ends what a finished task left behind, and only that', async () => {
    const other = on.start(`echo $$ >'${file}.other'; sleep 1000`)
    const [running = 0] = await numbersIn(`${file}.other`)
    await on.run(`setsid sleep 1000 & echo $! >'${file}'`)
    const [leftover = 0] = await numbersIn(file)
    await until(() => !isAlive(leftover), 'the leftover is gone')
    expect(isAlive(running)).to.equal(true)
    on.executor.stop(other.run)
    await other.end
  })

  it('lets nobody change large output after it was hashed', async () => {
    const late = `(trap '' TERM; while :; do echo late; done) & echo $! >'${file}'`
    const end = await on.run(`${late}; head -c 300000 /dev/zero`)
    const [pid = 0] = await numbersIn(file)
    await until(() => !isAlive(pid), 'the writer is gone')
    if (!isSpoolFile(end.stdout)) throw new Error('stdout is no file')
    const content = readFileSync(end.stdout.path)
    expect(end.stdout.blob).to.equal(createHash('sha256').update(content).digest('hex'))
    rmSync(end.stdout.path)
  })

  it('gives back what runs when it is closed, leaving no process and no file', async () => {
    const { end } = on.start(tree(file))
    const pids = await numbersIn(file)
    const [spawner = 0] = on.spawnerPids()
    let isGivenBack = false
    void end.then(() => (isGivenBack = true))
    await Promise.all([on.executor.close(), on.executor.close()])
    expect(isGivenBack).to.equal(true)
    await on.executor.close()
    expect(await end).to.include({ outcome: 'returned', reason: 'the executor was closed' })
    await expectGone(pids)
    expect(isAlive(spawner)).to.equal(false)
    expect(readdirSync(on.folder)).to.deep.equal([])
    expect(await on.run('true')).to.include({ outcome: 'returned' })
  })

  it('gives back what ran when its spawner is killed, and goes on', async () => {
    const { end } = on.start(tree(file))
    const pids = await numbersIn(file)
    const [spawner = 0] = on.spawnerPids()
    process.kill(spawner, 'SIGKILL')
    const { outcome, reason } = await end
    expect(outcome).to.equal('returned')
    expect(reason).to.contain('SIGKILL')
    await expectGone(pids)
    expect(textOf((await on.run('echo on')).stdout)).to.equal('on\n')
    expect(on.notices).to.have.length(1)
    expect(on.spawnerPids()).to.have.length(1).and.not.include(spawner)
  })

  it('does not take signals to its spawner for its end', async () => {
    const [spawner = 0] = on.spawnerPids()
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.kill(spawner, signal)
    expect((await on.run('true')).outcome).to.equal('success')
    expect(on.spawnerPids()).to.deep.equal([spawner])
  })

  it('leaves nothing when the node is killed', async () => {
    const parent = spawn(process.execPath, [PARENT, on.folder, on.work, tree(file)])
    const pids = await numbersIn(file)
    parent.kill('SIGKILL')
    await once(parent, 'close')
    await expectGone(pids)
    await until(() => on.spawnerPids().length === 1, 'its spawner is gone')
  })

  it('cleans up after a node and a spawner that were killed at once', async () => {
    await on.executor.close()
    const parent = spawn(process.execPath, [PARENT, on.folder, on.work, tree(file)])
    const pids = await numbersIn(file)
    const [spawner = 0] = on.spawnerPids()
    // Stopped first: it must not get to see the end of the node.
    process.kill(spawner, 'SIGSTOP')
    parent.kill('SIGKILL')
    await once(parent, 'close')
    process.kill(spawner, 'SIGKILL')
    await until(() => !isAlive(spawner), 'the spawner is gone')
    expect(pids.filter(isAlive)).to.deep.equal(pids)
    await on.reopen()
    await expectGone(pids)
    expect(readdirSync(on.folder)).to.have.length(1)
  })

  it('refuses tasks while nothing can be started, and says why', async () => {
    await on.executor.close()
    await on.reopen({ shell: '/no/such/shell' })
    const noShell = await on.run('true')
    expect(noShell.outcome).to.equal('refused')
    expect(noShell.reason).to.contain('/no/such/shell')
    await on.executor.close()
    await on.reopen()
    expect((await on.run('true')).outcome).to.equal('success')
    rmSync(on.folder, { recursive: true })
    let noFolder = await on.run('true')
    // A task that took long enough to be listened to takes its spawner along, and is given back.
    while (noFolder.outcome === 'returned') noFolder = await on.run('true')
    expect(noFolder.outcome).to.equal('refused')
    expect(noFolder.reason).to.contain(on.folder)
  })

  it('says in one line why it cannot be made', async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'p2pjobs-none-')), 'missing')
    const error = await createShellExecutor({ slots: 1, folder }, NO_EVENTS).catch(
      (e: unknown) => e
    )
    expect(error).to.include({ name: 'P2pJobsError', code: 'EXECUTOR_FAILED' })
    expect((error as Error).message)
      .to.contain(folder)
      .and.not.contain('\n')
    rmSync(join(folder, '..'), { recursive: true })
  })
})
