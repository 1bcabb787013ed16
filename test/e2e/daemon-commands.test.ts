import { expect } from 'chai'
import { expectDocumented, expectRefusal, jsonLinesOf } from '../support/outcomes.ts'
import { Programs } from '../support/program.ts'
import type { Finished, TestNetwork } from '../support/program.ts'

describe('commands about the jobs of a master node', function () {
  this.timeout(60_000)
  const programs = new Programs()
  let network: TestNetwork

  before(async () => {
    network = await programs.master(['--slots', '2', '--name', 'desk'])
  })

  after(() => programs.end())

  async function p2pjobs(words: readonly string[], stdin = ''): Promise<Finished> {
    return await programs.run(words, { home: network.home, stdin })
  }

  /** What it prints, having succeeded. */
  async function output(words: readonly string[], stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await p2pjobs(words, stdin)
    expect(code, stderr).to.equal(0)
    return stdout
  }

  async function submitted(...words: string[]): Promise<string> {
    const id = await output(['submit', ...words])
    expect(id).to.match(/^\d+\n$/)
    return id.trim()
  }

  it('submit, wait, look, read', async () => {
    const id = await submitted(
      '--name',
      'sums',
      'echo {}; echo {} >&2; test {} != 2',
      ':::',
      '1',
      '2'
    )
    expect(await p2pjobs(['wait', id, '--fail'])).to.include({ code: 1, stdout: '' })
    expect((await p2pjobs(['wait', id])).code).to.equal(0)
    expect(await output(['jobs', id])).to.match(new RegExp(`\\n${id} +sums +failed +2/2 +1 `))
    expect(await output(['job', id])).to.match(/\n2 +failed +1 +desk +\S+ +2 +exit status 1\n$/)
    const logs = await p2pjobs(['logs', id, '--tag'])
    expect(logs).to.include({ stdout: '1\t1\n2\t2\n', stderr: '1\t1\n2\t2\n' })
    expect(await output(['cat', `${id}.2`, 'stderr'])).to.equal('2\n')
    expect(await output(['explain', `${id}.2`])).to.match(/has ended: it is failed: exit status 1/)
  })

  it('submit the lines of stdin and of a file, more than one message holds', async () => {
    const lines = Array.from({ length: 800 }, () => `true ${'x'.repeat(1_000)}`).join('\n')
    const id = (await output(['submit', '--file', '-'], lines)).trim()
    await output(['wait', id, '--fail'])
    const [job] = jsonLinesOf(await output(['jobs', id, '--json']))
    expect(job).to.deep.include({ tasks: 800, finished: 800, state: 'finished' })
  })

  it('cancel, retry and forget', async () => {
    const id = await submitted('sleep {}', ':::', '1000', '2000')
    await output(['cancel', `${id}.2`, '--reason', 'one is enough'])
    await output(['cancel', 'last', '--reason', 'none at all'])
    const tasks = jsonLinesOf(await output(['job', id, '--json'])).filter(
      ({ event }) => event === 'task'
    )
    expect(tasks.map(({ reason }) => reason)).to.deep.equal(['none at all', 'one is enough'])
    const again = (await output(['retry', id, '--failed'])).trim()
    expect(Number(again)).to.equal(Number(id) + 1)
    for (const named of [again, 'last', `${again}-${again}`]) {
      for (const verb of ['retry', 'forget']) {
        expectRefusal(await p2pjobs([verb, named]), 1, /has not ended, and is left alone; wait/)
      }
    }
    await output(['cancel', again])
    await output(['forget', `${id},${again}`])
    expectRefusal(await p2pjobs(['job', id]), 2, /there is no job/)
  })

  it('print documented events', async () => {
    const lines: string[] = []
    for (const words of [
      ...[['submit', 'false', ':::', 'a'], ['wait', 'last'], ['jobs'], ['job', 'last']],
      ...[
        ['logs', 'last'],
        ['retry', 'last'],
        ['cancel', 'last'],
        ['explain', 'last']
      ],
      ...[
        ['drain', '--worker', 'desk'],
        ['drain', '--worker', 'desk', '--undo'],
        ['forget', 'all']
      ]
    ]) {
      const { stdout, stderr } = await p2pjobs([words[0] ?? '', '--json', ...words.slice(1)])
      expect(stderr).to.equal('')
      lines.push(stdout)
    }
    expectDocumented(jsonLinesOf(lines.join('')))
  })

  it('refuse in one line what cannot be', async () => {
    for (const [words, reason] of [
      [['cat', '9999', 'stdout'], /there is no job 9999/],
      [['job', 'all'], /does not name a job/],
      [['wait'], /name SELECTOR/],
      [['drain', '--worker', 'nobody'], /there is no worker nobody/],
      [['drain', '--undo'], /--undo needs --worker too/]
    ] as const) {
      expectRefusal(await p2pjobs(words), 2, reason)
    }
  })

  it('say that there is no master, where there is none', async () => {
    for (const words of [['jobs'], ['submit', 'true', ':::', 'a'], ['wait', 'all']]) {
      expectRefusal(await programs.run(words), 2, /start one with `p2pjobs node --master`/)
    }
  })
})
