import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { noProcessWith, Programs } from '../support/program.ts'

describe('p2pjobs run', function () {
  this.timeout(60_000)
  let programs: Programs
  let home: string

  beforeEach(() => {
    programs = new Programs()
    home = programs.home()
  })

  afterEach(async () => {
    await programs.end()
  })

  it('prints outputs in order with -k, tagged with --tag', async () => {
    const words = ['run', '-k', '--tag', 'sleep 0.{}; echo {}', ':::', '3', '2', '1']
    const { code, stdout, stderr } = await programs.run(words, { home })
    expect({ code, stdout, stderr }).to.deep.equal({
      code: 0,
      stdout: '3\t3\n2\t2\n1\t1\n',
      stderr: ''
    })
  })

  it('takes arguments from stdin, whatever is in them', async () => {
    const nasty = ['a b', "it's", '$(echo no)', '-n', '"; exit 3 #', 'end']
    const { stdout } = await programs.run(['run', '-k', "printf '%s\\n' {}"], {
      home,
      stdin: nasty.join('\n')
    })
    expect(stdout).to.equal(`${nasty.join('\n')}\n`)
  })

  it('ends with the number of failures', async () => {
    const two = await programs.run(['run', 'exit {}', ':::', '0', '1', '2'], { home })
    expect(two.code).to.equal(2)
    const many = Array.from({ length: 120 }, () => '1')
    expect((await programs.run(['run', 'exit', ':::', ...many], { home })).code).to.equal(101)
  })

  it('says in JSON what happened', async () => {
    const { stdout } = await programs.run(
      ['run', '--json', "printf '\\377'; kill -9 $$ #", ':::', 'x'],
      {
        home
      }
    )
    const result = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ event }) => event === 'result')
    expect(result).to.include({
      task: 1,
      attempt: 1,
      state: 'failed',
      exitCode: null,
      signal: 'SIGKILL',
      stdoutBase64: '/w==',
      stderr: ''
    })
    expect(result).to.include.keys('worker', 'name', 'startedAt', 'runtimeMs')
  })

  it('brings large output whole', async () => {
    const { stdout } = await programs.run(['run', 'seq 1 {}', ':::', '300000'], { home })
    expect(stdout.length).to.equal(1_988_895)
    expect(stdout.endsWith('\n299999\n300000\n')).to.equal(true)
  })

  it('ends tasks at their time limit', async () => {
    const { code, stderr } = await programs.run(['run', '--timeout', '0.2', 'sleep', ':::', '60'], {
      home
    })
    expect(code).to.equal(1)
    expect(stderr).to.include('time limit')
  })

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`cancels everything at ${signal} and leaves no process`, async () => {
      const mark = join(home, 'mark')
      const words = ['run', '--json', '--env', 'P2PJOBS_MARK', 'sleep', ':::', '600', '601', '602']
      const run = programs.start(words, { home, stdin: '', env: { P2PJOBS_MARK: mark } })
      await run.jsonLine(({ event }) => event === 'started')
      run.kill(signal)
      expect((await run.ended).code).to.equal(255)
      await noProcessWith(`P2PJOBS_MARK=${mark}`)
    })
  }

  it('leaves no process when it is killed', async () => {
    const mark = join(home, 'mark')
    const words = ['run', '--json', '--env', 'P2PJOBS_MARK', 'sleep', ':::', '600']
    const run = programs.start(words, { home, stdin: '', env: { P2PJOBS_MARK: mark } })
    await run.jsonLine(({ event }) => event === 'started')
    run.kill('SIGKILL')
    await run.ended
    await noProcessWith(`P2PJOBS_MARK=${mark}`)
  })

  it('runs in the directory it was started in', async () => {
    const folder = join(home, 'here')
    mkdirSync(folder)
    const { stdout } = await programs.run(['run', 'pwd #', ':::', '1'], { home, cwd: folder })
    expect(stdout).to.equal(`${folder}\n`)
  })
})
