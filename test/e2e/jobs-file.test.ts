import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { expectRefusal } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'
import type { Finished } from '../support/program.ts'

describe('p2pjobs node --master --jobs', function () {
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

  const master = ['node', '--master', ...LOOPBACK, '--name', 'desk', '--slots', '1']

  /** Runs these lines as a jobs file; without the token, which comes first. */
  async function runFile(text: string, more: readonly string[] = []): Promise<Finished> {
    const file = join(programs.folder(), 'jobs')
    writeFileSync(file, text)
    const words = [...master, '--jobs', file, '--exit-when-done', ...more]
    const finished = await programs.run(words, { home })
    expect(finished.stdout).to.match(/^p2pj1-work-\w+\n/)
    return { ...finished, stdout: finished.stdout.replace(/^.*\n/, '') }
  }

  it('prints what it dispatched and what came back, from whom', async () => {
    const { code, stdout, stderr } = await runFile("echo one\nprintf 'no end'\necho three\n")
    const lines = stdout.split('\n')
    expect(code).to.equal(0)
    expect(lines.filter((line) => line.startsWith('dispatched'))).to.include.members([
      'dispatched 1 to desk: echo one',
      "dispatched 2 to desk: printf 'no end'",
      'dispatched 3 to desk: echo three'
    ])
    // Output stands whole behind the line of its task, and the next line begins a new one.
    const output = { 1: 'one', 2: 'no end', 3: 'three' }
    for (const [task, text] of Object.entries(output)) {
      const at = lines.findIndex((line) => line.startsWith(`finished ${task} on desk in `))
      expect(lines[at]).to.match(/ in \d+ ms$/)
      expect(lines[at + 1]).to.equal(text)
      expect(lines.findIndex((line) => line.startsWith(`dispatched ${task} `))).to.be.below(at)
    }
    expect(stderr).to.include('p2pjobs: 3 tasks finished, 0 failed\n')
  })

  it('ends with 1 when a task failed, and says why', async () => {
    const { code, stdout, stderr } = await runFile('true\necho why >&2; exit 3\n')
    expect(code).to.equal(1)
    expect(stdout).to.match(/^failed 2 on desk in \d+ ms: exit status 3$/m)
    expect(stderr).to.match(/^why$/m)
    expect(stderr).to.include('p2pjobs: 1 task finished, 1 failed\n')
  })

  it('skips blank lines and comments', async () => {
    const { code, stdout } = await runFile('\n# a comment\n  \n  # another\r\necho "#1"\r\n\n')
    expect(code).to.equal(0)
    expect(stdout).to.match(/^dispatched 1 to desk: echo "#1"\nfinished 1 .*\n#1\n$/)
  })

  it('does nothing for a file without tasks', async () => {
    expect(await runFile('')).to.include({ code: 0, stdout: '' })
  })

  it('takes tasks from stdin as they come', async () => {
    const words = [...master, '--jobs', '-', '--exit-when-done']
    const node = programs.start(words, { home })
    node.child.stdin.write('echo first\n')
    await node.line(/^first$/)
    node.child.stdin.end('echo second')
    await node.line(/^second$/)
    expect(await node.ended).to.deep.equal({ code: 0, signal: null })
  })

  it('goes on as a node when its tasks are done, unless told otherwise', async () => {
    const node = programs.start([...master, '--jobs', '-'], { home, stdin: 'exit 1\n' })
    await node.stderrMatch(/0 tasks finished, 1 failed/)
    node.kill('SIGTERM')
    expect(await node.ended).to.deep.equal({ code: 0, signal: null })
  })

  it('names the worker that ran a task', async () => {
    const words = ['node', '--master', ...LOOPBACK, '--slots', '0', '--jobs', '-']
    const node = programs.start([...words, '--exit-when-done'], { home })
    const token = await node.line(/^p2pj1-work-/)
    const [address = ''] = await node.stderrMatch(/\/ip4\/\S+/)
    await programs.worker({ token, address }, 'lab', ['--slots', '1'])
    node.child.stdin.end('echo one\n')
    expect(await node.ended).to.deep.equal({ code: 0, signal: null })
    expect(node.lines).to.include('dispatched 1 to lab: echo one')
    expect(node.lines.at(-2)).to.match(/^finished 1 on lab in \d+ ms$/)
    expect(node.lines.at(-1)).to.equal('one')
  })

  const unreadable: readonly (readonly [string, () => string, RegExp])[] = [
    ['is not there', () => join(home, 'nowhere'), /no such file/],
    ['is a folder', () => programs.folder(), /folder/]
  ]
  for (const [what, path, reason] of unreadable) {
    it(`says when the file ${what}, before it makes a network`, async () => {
      const words = [...master, '--jobs', path()]
      expectRefusal(await programs.run(words, { home }), 2, /--jobs/, reason, /check the name/)
      expectRefusal(await programs.run(['token'], { home }), 2, /no token/)
    })
  }

  it('looks for the file of a configuration beside it', async () => {
    const folder = join(home, 'work')
    mkdirSync(folder)
    writeFileSync(join(folder, 'jobs'), 'echo found\n')
    const settings = { master: true, jobs: 'jobs', exitWhenDone: true, noMdns: true, slots: 1 }
    writeFileSync(join(folder, 'node.json'), JSON.stringify(settings))
    const words = ['node', '--config', join(folder, 'node.json'), '--listen']
    const { code, stdout } = await programs.run([...words, '/ip4/127.0.0.1/tcp/0'], { home })
    expect({ code, isFound: stdout.endsWith('\nfound\n') }).to.deep.equal({
      code: 0,
      isFound: true
    })
  })
})
