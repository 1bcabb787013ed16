/**
 * What every executor of shell tasks promises about tasks that run to their end.
 *
 * The suite runs with each shell that is `/bin/sh` somewhere.
 */
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { isSpoolFile } from '../../src/exec/executor.ts'
import { TestExecutor, bytesOf, numbersIn, textOf, until } from '../support/executors.ts'

/** Every byte an argument can hold, some of them several times and in nasty places. */
const ALL_BYTES = Buffer.from([...Array(255).keys()].map((byte) => byte + 1))
const NASTY = [
  '',
  ' ',
  'a b',
  `it's`,
  `''`,
  '"double"',
  'line\nfeed\n',
  '\t',
  '$(touch hacked)',
  '`touch hacked`',
  '$HOME',
  '\\',
  '\\\\n',
  '-rf',
  '--',
  '*',
  '~',
  '#no comment',
  '!x',
  '{}',
  'a;touch hacked',
  '&',
  '|',
  '>hacked',
  'A=b',
  '12',
  'naïve ☃'
].map((text) => Buffer.from(text))

const shells = [
  { name: 'the system shell', real: '/bin/sh' },
  { name: 'bash as sh', real: '/bin/bash' }
].filter(({ real }) => existsSync(real))

for (const { name, real } of shells) {
  describe(`shell executor with ${name}`, function () {
    this.timeout(60_000)
    let shells: string
    let on: TestExecutor

    before(async () => {
      shells = mkdtempSync(join(tmpdir(), 'p2pjobs-shell-'))
      symlinkSync(realpathSync(real), join(shells, 'sh'))
      // The real path of the system's own, so that what depends on its name is tried too.
      const shell = real === '/bin/sh' ? real : join(shells, 'sh')
      on = await TestExecutor.open({ shell })
    })
    after(async () => {
      await on.remove()
      rmSync(shells, { recursive: true })
    })

    it('keeps stdout and stderr apart, byte for byte', async () => {
      const end = await on.run(`printf 'out\\000\\377'; printf 'err\\001\\376' >&2`)
      expect(end).to.include({ outcome: 'success', reason: '', exitCode: 0, signal: undefined })
      expect(bytesOf(end.stdout).toString('latin1')).to.equal('out\0\xff')
      expect(bytesOf(end.stderr).toString('latin1')).to.equal('err\x01\xfe')
      expect(end.runtimeMs).to.be.at.least(0)
      expect(end.startedAt).to.be.above(0)
    })

    for (const status of [1, 2, 3, 126, 127, 129, 137, 143, 255]) {
      it(`reports exit status ${status} as such`, async () => {
        const end = await on.run(`exit ${status}`)
        expect(end).to.include({ outcome: 'failure', exitCode: status, signal: undefined })
        expect(end.reason).to.equal(`exit status ${status}`)
        expect(textOf(end.stderr)).to.equal('')
      })
    }

    for (const signal of ['KILL', 'TERM', 'SEGV', 'USR1', 'HUP']) {
      it(`reports SIG${signal} as a signal`, async () => {
        const end = await on.run(`echo before; kill -${signal} $$`)
        expect(end).to.include({ outcome: 'failure', signal: `SIG${signal}`, exitCode: undefined })
        expect(end.reason).to.equal(`killed by SIG${signal}`)
        expect(textOf(end.stdout)).to.equal('before\n')
        expect(textOf(end.stderr)).to.equal('')
      })
    }

    it('reports SIGINT and SIGPIPE as the exit statuses that shells give them', async () => {
      expect(await on.run('kill -INT $$')).to.include({ exitCode: 130, signal: undefined })
      expect(await on.run('kill -PIPE $$')).to.include({ exitCode: 141, signal: undefined })
    })

    it('outlives a task that kills its whole process group', async () => {
      expect(await on.run('kill -9 0')).to.include({ outcome: 'failure', signal: 'SIGKILL' })
      expect(await on.run('kill -USR1 0')).to.include({ outcome: 'failure', signal: 'SIGUSR1' })
      expect(await on.run('kill 0')).to.include({ outcome: 'failure', signal: 'SIGTERM' })
      expect(await on.run(`trap 'exit 5' TERM; kill 0; exit 6`)).to.include({ exitCode: 5 })
      expect(textOf((await on.run('echo on')).stdout)).to.equal('on\n')
    })

    it('says that a command was not found, in the words of a fresh shell', async () => {
      const end = await on.run('no-such-command 1')
      expect(end).to.include({ outcome: 'failure', exitCode: 127 })
      expect(textOf(end.stderr)).to.match(/1: no-such-command: (command )?not found\n$/)
    })

    it('gives tasks a small environment of their own', async () => {
      const names = `/usr/bin/env | cut -d= -f1 | sort | tr '\\n' ' '`
      const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR'].filter((name) => process.env[name])
      // The shell's own: every `sh -c` sets them.
      const own = real === '/bin/sh' ? ['PWD'] : ['PWD', 'SHLVL', '_']
      const given = ['P2PJOBS_JOB_ID', 'P2PJOBS_TASK_ID', 'P2PJOBS_ATTEMPT', 'P2PJOBS_COOKIE', 'A']
      const end = await on.run(names, { environment: { A: '1' } })
      const seen = textOf(end.stdout).trim().split(' ')
      expect(seen).to.have.members([...kept, ...own, ...given])
    })

    it('gives a plain program the same environment as one within a shell', async () => {
      const script = join(on.work, 'environment')
      writeFileSync(script, '#!/bin/sh\n/usr/bin/env | sort | grep -v COOKIE\n', { mode: 0o755 })
      const plain = await on.run(`${script} {}`, { input: 'x' })
      const within = await on.run(`${script} {};`, { input: 'x' })
      expect(textOf(plain.stdout)).to.contain('P2PJOBS_TASK_ID=').and.equal(textOf(within.stdout))
    })

    it('says which job, task and attempt it is', async () => {
      const ids = 'echo $P2PJOBS_JOB_ID/$P2PJOBS_TASK_ID/$P2PJOBS_ATTEMPT'
      expect(textOf((await on.run(ids, { task: 5, attempt: 3 })).stdout)).to.equal('7/5/3\n')
    })

    it('sets variables of any value, those that mean something to a shell too', async () => {
      const environment = {
        PLAIN: `it's "quoted" $HOME\n`,
        PATH: '/nowhere',
        LC_ALL: 'C.UTF-8',
        TERM: 'none',
        P2PJOBS_TASK_ID: 'mine'
      }
      // Shells drop names like these or keep their own value, but they must not break the task.
      const odd = { 'with-dash': '1', PPID: '77', UID: '77', SHELLOPTS: 'x' }
      const end = await on.run('/usr/bin/env -0', {
        environment: { ...environment, ...odd },
        task: 9
      })
      const seen = textOf(end.stdout).split('\0')
      for (const [each, value] of Object.entries({ ...environment, P2PJOBS_TASK_ID: '9' })) {
        expect(seen).to.include(`${each}=${value}`)
      }
      const bad = await on.run('true', { environment: { 'a=b': '' } })
      expect(bad).to.include({ outcome: 'refused' })
    })

    it('runs a script without an interpreter as a shell does', async () => {
      const script = join(on.work, 'script')
      writeFileSync(script, 'echo "$1" "$LC_ALL"\n', { mode: 0o755 })
      expect(textOf((await on.run(`${script} {}`, { input: 'a b' })).stdout)).to.equal('a b \n')
    })

    it('gives an empty standard input', async () => {
      expect(textOf((await on.run('wc -c')).stdout).trim()).to.equal('0')
    })

    it('runs in the directory of the job', async () => {
      expect(textOf((await on.run('pwd')).stdout)).to.equal(`${on.work}\n`)
      const odd = mkdtempSync(join(on.work, `it's\nodd `))
      expect(textOf((await on.run('pwd', { directory: odd })).stdout)).to.equal(`${odd}\n`)
    })

    it('runs in an empty folder where that does not exist, and says so once', async () => {
      const directory = join(on.work, 'nowhere')
      on.notices.length = 0
      const first = await on.run('pwd; ls -A; touch here', { directory })
      const second = await on.run('pwd; ls -A; touch here', { directory })
      expect(first.outcome).to.equal('success')
      expect(textOf(first.stdout).trim().split('\n')).to.have.length(1)
      expect(textOf(second.stdout)).to.not.equal(textOf(first.stdout))
      expect(on.notices).to.have.length(1)
      expect(on.notices[0]).to.contain('job 7').and.contain(directory)
      await until(() => !existsSync(textOf(second.stdout).trim()), 'the folder is removed')
    })

    it('hands every argument over as one literal word, wherever its {} stands', async () => {
      const inputs = [...NASTY, ALL_BYTES, Buffer.from([0xff, 0xfe, 0x80])]
      for (const command of [
        `printf '%s'`,
        'printf %s {}',
        'printf %s "{}"',
        `printf %s '{}'`,
        '/usr/bin/printf %s {}',
        'printf %s "$(printf %s {}; echo .)" | head -c -1'
      ]) {
        for (const input of inputs) {
          const end = await on.run(command, { input })
          const asked = `${command} with ${input.toString('latin1')}`
          expect(bytesOf(end.stdout).toString('hex'), asked).to.equal(input.toString('hex'))
          expect(end.outcome, asked).to.equal('success')
        }
      }
      expect(readdirSync(on.work)).to.not.include('hacked')
    })

    it('fails a task whose input cannot be an argument, with the reason', async () => {
      const nul = await on.run('echo', { input: 'a\0b' })
      expect(nul.outcome).to.equal('failure')
      expect(nul.reason).to.contain('NUL')
      const long = await on.run('echo', { input: 'x'.repeat(200_000) })
      expect(long.outcome).to.equal('failure')
      expect(long.reason).to.contain('131071')
      const fits = await on.run(': ', { input: 'x'.repeat(131_000) })
      expect(fits.outcome).to.equal('success')
    })

    it('hands large output over as a file with its hash', async () => {
      const end = await on.run('head -c 3000000 /dev/zero; head -c 262144 /dev/zero >&2')
      if (!isSpoolFile(end.stdout)) throw new Error('stdout is no file')
      const content = readFileSync(end.stdout.path)
      expect(content).to.have.length(3_000_000)
      expect(end.stdout.bytes).to.equal(3_000_000)
      expect(end.stdout.blob).to.equal(createHash('sha256').update(content).digest('hex'))
      expect(bytesOf(end.stderr)).to.have.length(262_144)
      rmSync(end.stdout.path)
    })

    it('takes all that is printed, more than a pipe holds, on both streams at once', async () => {
      const both = `for i in 1 2 3; do head -c 70000 /dev/zero; head -c 70000 /dev/zero >&2; done`
      const end = await on.run(both)
      expect(end).to.include({ outcome: 'success' })
      expect(bytesOf(end.stdout)).to.have.length(210_000)
      expect(bytesOf(end.stderr)).to.have.length(210_000)
    })

    it('hears a task that has closed its stdout', async () => {
      const end = await on.run(
        `echo out; exec >&-; sleep 0.1; head -c 100000 /dev/zero >&2; exit 3`
      )
      expect(end).to.include({ outcome: 'failure', exitCode: 3 })
      expect(textOf(end.stdout)).to.equal('out\n')
      expect(bytesOf(end.stderr)).to.have.length(100_000)
    })

    it('hears a task that opens its output by name', async () => {
      const end = await on.run('echo 1 >/dev/stdout; echo 2 >/dev/stderr; echo 3 >>/dev/stdout')
      expect([textOf(end.stdout), textOf(end.stderr)]).to.deep.equal(['1\n3\n', '2\n'])
    })

    it('does not hurt what a task left behind when that prints', async () => {
      const file = join(on.work, `printed-${name}`)
      const end = await on.run(`(sleep 0.1; echo late; echo $? >'${file}') & echo mine`)
      expect(textOf(end.stdout)).to.equal('mine\n')
      expect(await numbersIn(file)).to.deep.equal([0])
    })

    it('never mixes what a leftover prints into the output of a later task', async () => {
      const gate = join(on.work, `gate-${name}`)
      await on.run(`(until [ -e '${gate}' ]; do sleep 0.01; done; echo late) & true`)
      const ends = await Promise.all([1, 2].map(() => on.run(`: >'${gate}'; sleep 0.1; echo mine`)))
      for (const end of ends) expect(textOf(end.stdout)).to.equal('mine\n')
    })

    it('ends a task that prints too much, keeping what it may print', async () => {
      const end = await on.run('yes', { outputBytesMax: 1000 })
      expect(end.outcome).to.equal('failure')
      expect(end.reason).to.contain('1000 bytes')
      expect(textOf(end.stdout)).to.equal('y\n'.repeat(500))
      const quick = await on.run('echo 12345678; echo 12345678 >&2', { outputBytesMax: 10 })
      expect(quick).to.include({ outcome: 'failure', exitCode: 0 })
      expect(textOf(quick.stdout) + textOf(quick.stderr)).to.equal('1234512345')
      const exact = await on.run('printf 1234567890', { outputBytesMax: 10 })
      expect(exact.outcome).to.equal('success')
    })

    it('runs many tasks, each once and each with its own output', async () => {
      const tasks = Array.from({ length: 300 }, (_, index) => String(index))
      const ends = await Promise.all(
        tasks.map((input, index) => on.run(index % 2 ? 'echo {}' : '/bin/echo {}', { input }))
      )
      expect(ends.map(({ stdout }) => textOf(stdout).trim())).to.deep.equal(tasks)
    })

    it('never runs more than its slots', async () => {
      const running = mkdtempSync(join(on.work, 'running-'))
      const command = `mkdir '${running}/'{}; ls '${running}' | wc -l; sleep 0.02; rmdir '${running}/'{}`
      const inputs = Array.from({ length: 12 }, (_, index) => String(index))
      const ends = await Promise.all(inputs.map((input) => on.run(command, { input })))
      for (const { stdout } of ends) expect(Number(textOf(stdout))).to.be.within(1, 2)
    })

    it('leaves no file behind', async () => {
      const spools = readdirSync(on.folder).filter((each) => each.endsWith('-spool'))
      expect(spools).to.have.length(1)
      const spool = join(on.folder, spools[0]!)
      const kept = readdirSync(spool)
      await on.run('echo x; head -c 300000 /dev/zero', { outputBytesMax: 1000 })
      const { stdout } = await on.run('head -c 300000 /dev/zero', { directory: '/nowhere' })
      if (isSpoolFile(stdout)) rmSync(stdout.path)
      await until(() => readdirSync(spool).length <= kept.length, 'only pipes are left')
      expect(readdirSync(spool)).to.deep.equal(kept)
      expect(readdirSync(on.folder)).to.deep.equal(spools)
    })
  })
}
