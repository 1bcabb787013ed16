/** Nodes that leave, politely or not: what ran there ends or runs elsewhere, and nothing stays. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { addressOf, LOOPBACK, noProcessWith, Programs, scratchOf } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'
import { until } from '../support/until.ts'

describe('a worker that leaves', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork
  let gate: string

  beforeEach(async () => {
    programs = new Programs()
    gate = join(programs.folder(), 'gate')
    network = await programs.master(['--jobs', '-', '--slots', '0'])
  })

  afterEach(async () => {
    await programs.end()
  })

  /** Publishes a task that runs until the gate is open, and waits until a worker runs it. */
  async function publishWaiting(more = ''): Promise<JsonLine> {
    const { master } = network
    master.child.stdin.end(`until [ -e ${gate} ]; do sleep 0.02; done; echo done\n${more}`)
    return await master.jsonLine(({ event }) => event === 'started')
  }

  async function resultOf(task: number): Promise<JsonLine> {
    return await network.master.jsonLine(
      (line) => line['event'] === 'result' && line['task'] === task
    )
  }

  async function seenBy(master: LineProcess, status: string): Promise<JsonLine> {
    return await master.jsonLine((line) => line['event'] === 'member' && line['status'] === status)
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends what it runs at ${signal}, takes nothing new, and says goodbye`, async () => {
      const { master } = network
      const one = await programs.worker(network, 'one', ['--slots', '1'])
      await publishWaiting('echo second\n')
      one.kill(signal)
      await one.stderrMatch(/1 task still runs here/)
      const two = await programs.worker(network, 'two', ['--slots', '1'])
      expect(await resultOf(2)).to.include({ name: 'two', stdout: 'second\n' })
      writeFileSync(gate, '')
      expect(await one.ended).to.deep.equal({ code: 0, signal: null })
      expect(await resultOf(1)).to.include({ name: 'one', attempt: 1, stdout: 'done\n' })
      expect(await seenBy(master, 'left')).to.include({ name: 'one' })
      expect(await two.stop(signal)).to.deep.equal({ code: 0, signal: null })
    })
  }

  it('has nothing to complain of, from its start to its end', async () => {
    const { master } = network
    const one = await programs.worker(network, 'one', ['--slots', '1'])
    master.child.stdin.end('echo first\n')
    await resultOf(1)
    expect(await one.stop()).to.deep.equal({ code: 0, signal: null })
    expect(await seenBy(master, 'left')).to.include({ name: 'one' })
    expect(await master.stop()).to.deep.equal({ code: 0, signal: null })
    expect([one.stderr, master.stderr]).to.deep.equal(['', ''])
  })

  it('gives what it runs back at the second signal', async () => {
    const { master } = network
    const one = await programs.worker(network, 'one', ['--slots', '1'])
    await publishWaiting()
    one.kill('SIGTERM')
    await one.stderrMatch(/1 task still runs here/)
    await programs.worker(network, 'two', ['--slots', '1'])
    expect(await one.signalUntilEnded('SIGTERM')).to.have.property('signal', null)
    await master.jsonLine(({ event, name }) => event === 'started' && name === 'two')
    writeFileSync(gate, '')
    expect(await resultOf(1)).to.include({ name: 'two', stdout: 'done\n' })
    expect(await seenBy(master, 'left')).to.include({ name: 'one' })
  })

  it('has failed when it is killed, and its tasks run elsewhere', async () => {
    const { master } = network
    const one = await programs.worker(network, 'one', ['--slots', '1'])
    await publishWaiting()
    await programs.worker(network, 'two', ['--slots', '1'])
    one.kill('SIGKILL')
    expect(await seenBy(master, 'failed')).to.include({ name: 'one' })
    await master.jsonLine(({ event, name }) => event === 'started' && name === 'two')
    writeFileSync(gate, '')
    expect(await resultOf(1)).to.include({ name: 'two', attempt: 2 })
  })
})

describe('what a node leaves behind', function () {
  this.timeout(60_000)
  let programs: Programs
  let mark: string

  beforeEach(() => {
    programs = new Programs()
    mark = join(programs.folder(), 'mark')
  })

  afterEach(async () => {
    await programs.end()
  })

  /** A task with two levels of processes, all with the mark in their words or environment. */
  const tree = (mark: string): string =>
    `sh -c 'P2PJOBS_MARK=$0; export P2PJOBS_MARK; sleep 600 & wait' ${mark} #`

  async function expectNothingLeft(node: LineProcess, master: LineProcess): Promise<void> {
    master.child.stdin.end(`${tree(mark)}\n`)
    await master.jsonLine(({ event }) => event === 'started')
    node.kill('SIGKILL')
    await node.ended
    await noProcessWith(mark)
  }

  it('is no process, when it is a worker', async () => {
    const network = await programs.master(['--jobs', '-', '--slots', '0'])
    await expectNothingLeft(await programs.worker(network, 'one'), network.master)
  })

  it('is no process and no scratch, when it is a master and a worker', async () => {
    const { home, master } = await programs.master(['--jobs', '-', '--slots', '1'])
    await expectNothingLeft(master, master)
    await until(() => scratchOf(home).length === 0, 'its scratch is removed')
  })

  it('is no process of its own and no scratch, when it is `run`', async () => {
    const home = programs.home()
    const words = ['run', '--json', '--local', tree(mark), ':::', '1', '2']
    const run = programs.start(words, { home, stdin: '' })
    await run.jsonLine(({ event }) => event === 'started')
    run.kill('SIGKILL')
    await run.ended
    await noProcessWith(mark)
    await until(() => scratchOf(home).length === 0, 'its scratch is removed')
  })

  it('is no process on other machines, when `run` is stopped', async () => {
    const network = await programs.master(['--slots', '0'])
    const worker = await programs.worker(network, 'one')
    const words = ['run', '--json', ...LOOPBACK, '--no-local', '--join', await addressOf(worker)]
    const run = programs.start([...words, tree(mark), ':::', '1'], { home: network.home })
    await run.jsonLine(({ event }) => event === 'started')
    run.kill('SIGTERM')
    expect(await run.ended).to.deep.equal({ code: 255, signal: null })
    await noProcessWith(mark)
  })
})
