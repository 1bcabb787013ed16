/**
 * The program at a terminal: a pseudo-terminal made by util-linux's `script`. Where there is none,
 * the unit tests of src/cli alone say what happens at a terminal.
 */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { LineProcess } from '../support/line-process.ts'
import { LOOPBACK, noProcessWith, PROGRAM, Programs } from '../support/program.ts'

const hasTerminals = String(spawnSync('script', ['--version']).stdout).includes('util-linux')

if (hasTerminals) {
  describe('at a terminal', function () {
    this.timeout(60_000)
    let programs: Programs
    let home: string
    const started: LineProcess[] = []

    beforeEach(() => {
      programs = new Programs()
      home = programs.home()
    })

    afterEach(async () => {
      for (const terminal of started.splice(0)) await terminal.stop('SIGKILL')
      await programs.end()
    })

    /** Starts the program at a terminal of its own; stdin is what is typed there. */
    function type(line: string, env: Readonly<Record<string, string>> = {}): LineProcess {
      const command = `exec "${process.execPath}" "${PROGRAM}" ${line}`
      const child = spawn('script', ['-qefc', command, '/dev/null'], {
        env: { ...process.env, P2PJOBS_HOME: home, SHELL: '/bin/sh', ...env },
        stdio: 'pipe'
      })
      const terminal = new LineProcess(child)
      started.push(terminal)
      return terminal
    }

    it('shows how far it is, and takes that away for output and at the end', async () => {
      const gate = join(home, 'gate')
      const task = `until [ -e ${gate}{} ]; do sleep 0.02; done; echo done`
      const terminal = type(`run --local -j 1 '${task}' ::: 1 2`)
      await terminal.textMatch(/\r\x1b\[K0\/2 done, 1 running on 1 worker/)
      writeFileSync(`${gate}1`, '')
      await terminal.textMatch(/\r\x1b\[K1\/2 done, 1 running on 1 worker/)
      writeFileSync(`${gate}2`, '')
      expect(await terminal.ended).to.deep.equal({ code: 0, signal: null })
      const [first, second, rest] = terminal.text.split(/done\r\n/)
      for (const shown of [first, second]) expect(shown).to.match(/\r\x1b\[K$/)
      expect(rest).to.equal('')
    })

    it('cancels everything at Ctrl-C', async () => {
      const mark = join(home, 'mark')
      const terminal = type('run --local --env P2PJOBS_MARK sleep ::: 600 601', {
        P2PJOBS_MARK: mark
      })
      await terminal.textMatch(/2 running/)
      terminal.child.stdin.write('\x03')
      expect(await terminal.ended).to.deep.equal({ code: 255, signal: null })
      await noProcessWith(`P2PJOBS_MARK=${mark}`)
    })

    it('takes arguments that are typed, until Ctrl-D or Ctrl-C', async () => {
      for (const [end, code] of [
        ['\x04', 0],
        ['\x03', 255]
      ] as const) {
        const terminal = type("run --local 'sleep 0.5; echo got'")
        await terminal.textMatch(/Ctrl-D ends them/)
        terminal.child.stdin.write('one\n')
        await terminal.textMatch(/got one/)
        terminal.child.stdin.write(end)
        expect(await terminal.ended).to.deep.equal({ code, signal: null })
        // No progress line was written over what was typed, although there was time for two.
        expect(terminal.text).to.not.include('\x1b')
      }
    })

    it('asks for the token once, and keeps it', async () => {
      const network = await programs.master()
      const words = `node ${LOOPBACK.join(' ')} --join ${network.address}`
      const first = type(words)
      await first.textMatch(/Paste the join token: $/)
      first.child.stdin.write(`${network.token}\n`)
      await first.textMatch(/is up as worker/)
      first.child.stdin.write('\x03')
      expect(await first.ended).to.deep.equal({ code: 0, signal: null })
      const second = type(words)
      await second.textMatch(/is up as worker/)
      expect(second.text).to.not.include('token')
    })

    it('leaves the prompt at Ctrl-C, and says what to do', async () => {
      const terminal = type(`node ${LOOPBACK.join(' ')}`)
      await terminal.textMatch(/Paste the join token: $/)
      terminal.child.stdin.write('\x03')
      expect(await terminal.ended).to.deep.equal({ code: 2, signal: null })
      expect(terminal.text).to.match(/\np2pjobs: this home has no token .*\r\n$/)
    })
  })
}
