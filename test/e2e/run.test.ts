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
    const nasty = ['a b', "it's", '$(echo no)', '-n', '"; exit 3 #', 'cr\r', 'end']
    const { stdout, stderr } = await programs.run(['run', '-k', "printf '%s\\n' {}"], {
      home,
      stdin: nasty.join('\n')
    })
    expect(stdout).to.equal(`${nasty.join('\n')}\n`)
    expect(stderr).to.match(/^p2pjobs: a line of stdin ends with a CR, [^\n]*\n$/)
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

  it('leaves at once at the second signal, and takes along what does not want to end', async () => {
    const mark = join(home, 'mark')
    const command = `trap '' TERM INT; while :; do sleep 600 & wait; done #`
    const words = ['run', '--local', '--json', '--env', 'P2PJOBS_MARK', command, ':::', '1', '2']
    const run = programs.start(words, { home, stdin: '', env: { P2PJOBS_MARK: mark } })
    await run.jsonLine(({ event, task }) => event === 'started' && task === 2)
    run.kill('SIGINT')
    await run.jsonLine(({ event }) => event === 'end')
    expect(await run.signalUntilEnded('SIGINT')).to.deep.equal({ code: 255, signal: null })
    await noProcessWith(`P2PJOBS_MARK=${mark}`)
  })

  it('runs an argument as soon as it comes, and ends at a signal although more may', async () => {
    const run = programs.start(['run', '--local', '--json', '-j', '1', 'echo'], { home })
    run.child.stdin.write('1\n2\n3\n4\n5\n6\n')
    await run.jsonLine((line) => line['event'] === 'result' && line['input'] === '6')
    run.child.stdin.write('7\n')
    await run.jsonLine((line) => line['event'] === 'result' && line['input'] === '7')
    run.kill('SIGTERM')
    expect(await run.ended).to.deep.equal({ code: 255, signal: null })
    expect(run.json.at(-1)).to.include({ event: 'end', finished: 7 })
  })

  it('gives tasks the variables that are asked for, and no other', async () => {
    const command = 'echo $ONE-$TWO $P2PJOBS_TASK_ID $P2PJOBS_ATTEMPT #'
    const env = { ONE: '1', TWO: '2' }
    const words = ['run', '--local', '-k', '--env', 'ONE', command, ':::', 'x', 'y']
    const { stdout } = await programs.run(words, { home, env })
    expect(stdout).to.equal('1- 1 1\n1- 2 1\n')
  })

  it('does nothing for no arguments', async () => {
    for (const stdin of ['', undefined]) {
      const words = ['run', '--local', 'echo', ...(stdin === undefined ? [':::'] : [])]
      expect(await programs.run(words, { home, stdin: stdin ?? '' })).to.deep.equal({
        code: 0,
        signal: null,
        stdout: '',
        stderr: ''
      })
    }
  })

  it('runs in the directory it was started in', async () => {
    const folder = join(home, 'here')
    mkdirSync(folder)
    const { stdout } = await programs.run(['run', 'pwd #', ':::', '1'], { home, cwd: folder })
    expect(stdout).to.equal(`${folder}\n`)
  })
})
