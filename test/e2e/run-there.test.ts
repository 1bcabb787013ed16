/** `p2pjobs run` where a master node of the same home runs: the job is that node's. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { expectDocumented, expectRefusal, jsonLinesOf } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'
import type { Finished, TestNetwork } from '../support/program.ts'
import { until } from '../support/until.ts'

describe('run beside a master node', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork
  let folder: string

  beforeEach(async () => {
    programs = new Programs()
    folder = programs.folder()
    network = await programs.master(['--slots', '2', '--name', 'desk'])
  })

  afterEach(() => programs.end())

  async function p2pjobs(words: readonly string[], stdin = ''): Promise<Finished> {
    return await programs.run(words, { home: network.home, stdin })
  }

  /** The states of the jobs of the node, the oldest first. */
  async function states(): Promise<unknown[]> {
    const { stdout } = await p2pjobs(['jobs', 'all', '--json'])
    return stdout === '' ? [] : jsonLinesOf(stdout).map(({ state }) => state)
  }

  /** A command that says its argument, and ends when the gate of that argument is open. */
  function gated(): string {
    return `touch ${folder}/began-{}; until [ -e ${folder}/gate-{} ]; do sleep 0.05; done; echo {}`
  }

  const open = (input: string | number): void => writeFileSync(join(folder, `gate-${input}`), '')
  const began = async (input: string | number): Promise<void> =>
    await until(() => existsSync(join(folder, `began-${input}`)), `task ${input} runs`)

  /** Starts the program; its stdin stays open. */
  function startOpen(words: readonly string[]): LineProcess {
    return programs.start(words, { home: network.home })
  }

  function start(words: readonly string[]): LineProcess {
    return programs.start(words, { home: network.home, stdin: '' })
  }

  async function restart(): Promise<void> {
    network.master.kill('SIGKILL')
    await network.master.ended
    await startAgain()
  }

  async function startAgain(): Promise<void> {
    const words = ['node', '--master', '--json', '--slots', '2', '--name', 'desk', ...LOOPBACK]
    const master = startOpen(words)
    await master.jsonLine(({ event }) => event === 'node')
    network = { ...network, master }
  }

  it('prints the same as without one, and the job is there', async () => {
    for (const words of [
      ['run', '-k', '--tag', 'echo {}; echo {} >&2; exit {}', ':::', '0', '1', '2'],
      ['run', '-k', 'head -c 3000000 /dev/zero | tr "\\0" {}', ':::', 'a', 'b'],
      ['run', '-k', 'printf %s', ':::', 'no', 'newline'],
      ['run', 'kill -9 $$ #', ':::', 'x']
    ]) {
      const there = await p2pjobs(words)
      const here = await p2pjobs(['run', '--in-process', ...words.slice(1)])
      const named = here.stderr.replace(/ on [^:]+:/, ' on desk:')
      expect(there).to.deep.equal({ ...here, stderr: named })
    }
    expect(await states()).to.deep.equal(['failed', 'finished', 'finished', 'failed'])
  })

  it('reads stdin as it comes', async () => {
    const run = startOpen(['run', 'echo got'])
    run.child.stdin.write('one\n')
    await run.line(/^got one$/)
    run.child.stdin.end('two\n')
    expect(await run.ended).to.include({ code: 0 })
    expect(run.lines).to.deep.equal(['got one', 'got two'])
  })

  it('says in JSON what happened', async () => {
    const { code, stdout } = await p2pjobs(['run', '--json', 'exit', ':::', '0', '3'])
    expect(code).to.equal(1)
    const lines = jsonLinesOf(stdout)
    expectDocumented(lines)
    const events = lines.map(({ event }) => event)
    expect(events[0]).to.equal('worker')
    expect(events.filter((event) => event === 'worker')).to.have.length(1)
    for (const event of ['dispatched', 'result']) {
      expect(
        events.filter((each) => each === event),
        event
      ).to.have.length(2)
    }
    expect(lines.at(-1)).to.deep.equal({ event: 'end', finished: 1, failed: 1, canceled: 0 })
  })

  it('has every line once when the master is killed in the middle', async () => {
    const run = startOpen(['run', '-k', gated()])
    run.child.stdin.write('1\n2\n3\n')
    open(1)
    await run.line(/^1$/)
    await began(2)
    await restart()
    await run.stderrMatch(/the master node is back/)
    run.child.stdin.end('4\n5\n')
    for (const input of [2, 3, 4, 5]) open(input)
    expect(await run.ended).to.include({ code: 0 })
    expect(run.lines).to.deep.equal(['1', '2', '3', '4', '5'])
    expect(run.stderr).to.match(/^p2pjobs: the master node is away; [^\n]+\n[^\n]+ is back\n$/)
    expect(await states()).to.deep.equal(['finished'])
  })

  it('waits for a master that is ended politely, too', async () => {
    const run = start(['run', gated(), ':::', '1', '2', '3'])
    await began(1)
    network.master.kill('SIGTERM')
    await network.master.stderrMatch(/still run/)
    open(1)
    open(2)
    await network.master.ended
    await run.stderrMatch(/the master node is away/)
    await startAgain()
    open(3)
    expect(await run.ended).to.include({ code: 0 })
    expect([...run.lines].sort()).to.deep.equal(['1', '2', '3'])
  })

  it('prints only the id with --detach', async () => {
    const run = await p2pjobs(['run', '--detach', gated(), ':::', '1'])
    expect(run).to.include({ code: 0, stdout: '1\n', stderr: '' })
    expect(await states()).to.satisfy(
      ([state]: unknown[]) => state === 'running' || state === 'waiting'
    )
    open(1)
    expect(await p2pjobs(['attach', '1'])).to.include({ code: 0, stdout: '1\n', stderr: '' })
  })

  it('is canceled by Ctrl-C', async () => {
    const run = start(['run', gated(), ':::', '1', '2', '3'])
    await began(1)
    run.kill('SIGINT')
    expect(await run.ended).to.include({ code: 255 })
    expect(await states()).to.deep.equal(['canceled'])
  })

  it('is left alone by Ctrl-C with --on-interrupt detach', async () => {
    const run = start(['run', '--on-interrupt', 'detach', gated(), ':::', '1', '2', '3'])
    await began(1)
    run.kill('SIGINT')
    expect(await run.ended).to.include({ code: 0 })
    expect(run.stderr).to.match(/^p2pjobs: job 1 goes on; `p2pjobs attach 1` [^\n]+\n$/)
    for (const input of [1, 2, 3]) open(input)
    expect(await p2pjobs(['wait', '1', '--fail'])).to.include({ code: 0 })
  })

  it('ends by itself when its terminal has gone', async () => {
    const run = startOpen(['run', gated()])
    run.child.stdin.write('1\n2\n')
    await began(2)
    run.kill('SIGHUP')
    expect(await run.ended).to.include({ code: 0 })
    expect(run.stderr).to.match(/stdin was not read to its end: job 1 has the 2 tasks read so far/)
    open(1)
    open(2)
    expect(await p2pjobs(['wait', '1', '--fail'])).to.include({ code: 0 })
    expect(await p2pjobs(['logs', '1'])).to.include({ stdout: '1\n2\n' })
  })

  it('has all its arguments, however early its terminal has gone', async () => {
    const inputs = Array.from({ length: 20_000 }, (_, index) => String(index))
    const run = start(['run', gated(), ':::', ...inputs])
    await began(0)
    run.kill('SIGHUP')
    expect(await run.ended).to.include({ code: 0 })
    const { stdout } = await p2pjobs(['jobs', '1', '--json'])
    expect(jsonLinesOf(stdout)[0]).to.deep.include({ tasks: 20_000, isOpen: false })
    await p2pjobs(['cancel', '1'])
  })

  it('attach prints everything, and leaves the job alone at Ctrl-C', async () => {
    await p2pjobs(['run', '--detach', `${gated()}; exit {}`, ':::', '0', '1', '2'])
    open(0)
    const first = start(['attach', 'last', '--tag'])
    await first.line(/^0\t0$/)
    first.kill('SIGINT')
    expect(await first.ended).to.include({ code: 0 })
    expect(first.stderr).to.match(/job 1 goes on/)
    const second = start(['attach', '1', '-k', '--tag'])
    await second.line(/^0\t0$/)
    open(2)
    open(1)
    expect(await second.ended).to.include({ code: 2 })
    expect(second.lines).to.deep.equal(['0\t0', '1\t1', '2\t2'])
    const json = await p2pjobs(['attach', '1', '--json'])
    expect(json.code).to.equal(2)
    const lines = jsonLinesOf(json.stdout)
    expectDocumented(lines)
    expect(lines.filter(({ event }) => event === 'result')).to.have.length(3)
  })

  it('attach cancels at Ctrl-C where that is asked for', async () => {
    await p2pjobs(['run', '--detach', gated(), ':::', '1', '2'])
    open(1)
    const attach = start(['attach', '1', '--on-interrupt', 'cancel'])
    await attach.line(/^1$/)
    attach.kill('SIGINT')
    expect(await attach.ended).to.include({ code: 255 })
    expect(await states()).to.deep.equal(['canceled'])
  })

  it('refuses to leave to the node what the node cannot do', async () => {
    const refused = await p2pjobs(['run', '--detach', '--local', 'echo', ':::', '1'])
    expectRefusal(refused, 255, /--detach leaves the choice of workers to the master node/)
    const alone = await programs.run(['run', '--detach', 'echo', ':::', '1'])
    expectRefusal(alone, 255, /start one with `p2pjobs node --master`/)
  })

  it('does not use the node with --in-process, nor with --local', async () => {
    for (const flag of ['--in-process', '--local']) {
      const run = await p2pjobs(['run', flag, 'echo', ':::', 'here'])
      expect(run).to.include({ code: 0, stdout: 'here\n', stderr: '' })
    }
    expect(await states()).to.deep.equal([])
  })

  it('is run by its own process when the node does not answer, and says so', async () => {
    network.master.kill('SIGSTOP')
    const hung = start(['run', 'echo', ':::', 'here'])
    await hung.line(/^here$/, 30_000)
    expect(await hung.ended).to.include({ code: 0 })
    expect(hung.stderr).to.match(
      /^p2pjobs: the node of this home does not answer[^\n]+; the job is run by this process instead\n$/
    )
  })
})
