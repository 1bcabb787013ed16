/** `p2pjobs logs -f`: what tasks print, while they run, in another process. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { expectDocumented, expectRefusal, jsonLinesOf } from '../support/outcomes.ts'
import { Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'
import { until } from '../support/until.ts'

describe('logs -f', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork
  let folder: string

  beforeEach(() => {
    programs = new Programs()
    folder = programs.folder()
  })

  afterEach(() => programs.end())

  async function startMaster(slots: number): Promise<void> {
    network = await programs.master(['--slots', String(slots), '--name', 'desk'])
  }

  const open = (gate: string): void => writeFileSync(join(folder, gate), '')
  const awaits = (gate: string): string => `until [ -e ${folder}/${gate} ]; do sleep 0.05; done`

  async function submit(...words: string[]): Promise<void> {
    const run = await programs.run(['submit', ...words], { home: network.home })
    expect(run.code, run.stderr).to.equal(0)
  }

  function follow(...words: string[]): LineProcess {
    return programs.start(['logs', '-f', ...words], { home: network.home, stdin: '' })
  }

  it('prints lines as they come, with tags, and every one once', async () => {
    await startMaster(2)
    await submit(`echo one; ${awaits('gate-{}')}; echo two >&2; printf three`, ':::', 'a', 'b')
    const logs = follow('last', '--tag')
    await logs.line(/^a\tone$/)
    await logs.line(/^b\tone$/)
    open('gate-a')
    await logs.stderrMatch(/^a\ttwo\n/)
    await logs.textMatch(/a\tthree/)
    open('gate-b')
    expect(await logs.ended).to.include({ code: 0 })
    expect(logs.text).to.match(/^(a\tone\nb\tone|b\tone\na\tone)\na\tthreeb\tthree$/)
    expect(logs.stderr).to.equal('a\ttwo\nb\ttwo\n')
    const again = await programs.run(['logs', '-f', '1.2'], { home: network.home })
    expect(again).to.include({ code: 0, stdout: 'one\nthree', stderr: 'two\n' })
  })

  it('ends with the task that is named, and refuses one that is not there', async () => {
    await startMaster(2)
    await submit(`echo {}; ${awaits('gate-{}')}`, ':::', 'a', 'b')
    const logs = follow('1.1')
    await logs.line(/^a$/)
    open('gate-a')
    expect(await logs.ended).to.include({ code: 0 })
    expect(logs.lines).to.deep.equal(['a'])
    const none = await programs.run(['logs', '-f', '1.3'], { home: network.home })
    expectRefusal(none, 2, /job 1 has no task 3/)
  })

  it('says in JSON what comes, and how it ended', async () => {
    await startMaster(1)
    await submit(`printf 'bits\\377'; ${awaits('gate')}; echo err >&2; exit 3 #`, ':::', 'a')
    const logs = follow('last', '--json')
    await logs.jsonLine(({ event }) => event === 'output')
    open('gate')
    expect(await logs.ended).to.include({ code: 0 })
    const lines = jsonLinesOf(logs.text)
    expectDocumented(lines)
    const head = { event: 'output', job: 1, task: 1, attempt: 1 }
    expect(lines.slice(0, 2)).to.deep.equal([
      {
        ...head,
        stream: 'stdout',
        textBase64: Buffer.from('bits\xff', 'latin1').toString('base64')
      },
      { ...head, stream: 'stderr', text: 'err\n' }
    ])
    expect(lines[2]).to.include({ event: 'task', task: 1, state: 'failed', exitCode: 3 })
  })

  it('says that a task begins again when its worker was killed', async () => {
    await startMaster(0)
    const one = await programs.worker(network, 'one', ['--slots', '1'])
    await submit(`echo on $0; ${awaits('gate')}; echo end #`, ':::', 'a')
    const logs = follow('last')
    const jsonLogs = follow('last', '--json')
    await logs.line(/^on /)
    await jsonLogs.jsonLine(({ event }) => event === 'output')
    await programs.worker(network, 'two', ['--slots', '1'])
    one.kill('SIGKILL')
    await logs.stderrMatch(/^p2pjobs: task 1\.1 begins again: attempt 2\n/)
    open('gate')
    expect(await logs.ended).to.include({ code: 0 })
    expect(logs.lines).to.have.length(3)
    expect(logs.lines[0]).to.equal(logs.lines[1])
    expect(logs.lines[2]).to.equal('end')
    await jsonLogs.ended
    const texts = jsonLinesOf(jsonLogs.text)
      .filter(({ event, attempt }) => event === 'output' && attempt === 2)
      .map(({ text }) => String(text))
    expect(texts.join('')).to.match(/^on [^\n]+\nend\n$/)
  })

  it('keeps no task waiting for one that does not read', async () => {
    await startMaster(1)
    await submit(`seq 1 400000; touch ${folder}/printed; ${awaits('gate')}; echo end #`, ':::', 'a')
    const slow = follow('last')
    await slow.line(/^1$/)
    slow.kill('SIGSTOP')
    await until(() => existsSync(join(folder, 'printed')), 'the task has printed everything')
    open('gate')
    expect((await programs.run(['wait', 'last'], { home: network.home })).code).to.equal(0)
    slow.kill('SIGCONT')
    expect(await slow.ended).to.include({ code: 0 })
    const expected = Array.from({ length: 400_000 }, (_, at) => String(at + 1))
    expect(slow.lines.join('\n') === [...expected, 'end'].join('\n')).to.equal(true)
  })

  it('says why a task came to nothing that never ran', async () => {
    await startMaster(1)
    await submit(awaits('gate-{}'), ':::', 'a', 'b')
    const logs = follow('last')
    await programs.run(['cancel', '1.2', '--reason', 'not wanted'], { home: network.home })
    await logs.stderrMatch(/^p2pjobs: task 1\.2 canceled: not wanted\n/)
    open('gate-a')
    expect(await logs.ended).to.include({ code: 0 })
  })

  it('says in one line that the master has gone', async () => {
    await startMaster(1)
    await submit(`echo begun; ${awaits('gate')} #`, ':::', 'a')
    const logs = follow('last')
    await logs.line(/^begun$/)
    network.master.kill('SIGKILL')
    open('gate')
    expect(await logs.ended).to.include({ code: 2 })
    expect(logs.stderr).to.match(/^p2pjobs: the node ended before it had answered; [^\n]+\n$/)
  })
})
