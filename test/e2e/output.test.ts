/** Where the program's output goes to may end, be full, or not be there at all. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import { LineProcess } from '../support/line-process.ts'
import { LOOPBACK, noProcessWith, PROGRAM, Programs } from '../support/program.ts'
import type { Finished } from '../support/program.ts'

describe('output', function () {
  this.timeout(60_000)
  let programs: Programs
  let home: string
  let mark: string
  const shells: ChildProcess[] = []

  beforeEach(() => {
    programs = new Programs()
    home = programs.home()
    mark = join(home, 'mark')
  })

  afterEach(async () => {
    for (const { pid, exitCode } of shells.splice(0)) {
      // One that failed its test would wait for ever, with all that it started: its own group.
      if (exitCode === null && pid !== undefined) process.kill(-pid, 'SIGKILL')
    }
    await programs.end()
    await noProcessWith(`P2PJOBS_MARK=${mark}`)
  })

  /** Runs a line of shell in which `p2pjobs` is the program, which passes the mark on to tasks. */
  async function shell(line: string): Promise<Finished> {
    const define = `p2pjobs() { "${process.execPath}" "${PROGRAM}" "$@"; }`
    const env = { ...process.env, P2PJOBS_HOME: home, P2PJOBS_MARK: mark }
    const child = spawn('sh', ['-c', `${define}\n${line}`], { env, stdio: 'pipe', detached: true })
    shells.push(child)
    const lines = new LineProcess(child)
    child.stdin.end()
    const ending = await lines.ended
    return { ...ending, stdout: lines.lines.join('\n'), stderr: lines.stderr }
  }

  const run = 'p2pjobs run --local --env P2PJOBS_MARK'

  describe('that nobody reads any more', () => {
    const readers: Readonly<Record<string, readonly [string, RegExp]>> = {
      'ends `run` quietly': [`${run} seq ::: $(seq 20001 20100)`, /^1$/],
      // A closed pipe shows only to who writes: there is something to write until its reader has gone.
      'ends `run --json` and what it runs': [
        `${run} --json sleep ::: $(seq 0.2 0.1 3) 600 601`,
        /^\{"event/
      ],
      'ends a node': [`p2pjobs node --master --json ${LOOPBACK.join(' ')}`, /^\{"event":"network"/]
    }
    for (const [what, [command, first]] of Object.entries(readers)) {
      it(what, async () => {
        const finished = await shell(`{ ${command}; echo "status $?" >&2; } | head -n 1`)
        expect(finished).to.include({ code: 0, stderr: 'status 0\n' })
        expect(finished.stdout).to.match(first)
      })
    }
  })

  for (const closed of ['>&-', '2>&-', '<&-']) {
    it(`is lost where it is closed (${closed}), and nothing else`, async () => {
      const finished = await shell(`${run} 'echo out; echo error >&2 #' ::: 1 ${closed}`)
      expect(finished).to.deep.equal({
        code: 0,
        signal: null,
        stdout: closed === '>&-' ? '' : 'out',
        stderr: closed === '2>&-' ? '' : 'error\n'
      })
    })
  }

  describe('to a full disk', () => {
    for (const command of [`${run} echo ::: 1 2`, `${run} --json sleep ::: 600 601`]) {
      it(`is an error that ends everything: ${command}`, async () => {
        const { code, stderr } = await shell(`${command} > /dev/full`)
        expect(code).to.equal(255)
        expect(stderr).to.match(/^p2pjobs: cannot write to stdout: [^\n]*no space left[^\n]*\n$/)
      })
    }

    it('ends a node, too', async () => {
      const words = `node --master --json ${LOOPBACK.join(' ')}`
      const { code, stderr } = await shell(`p2pjobs ${words} > /dev/full`)
      expect(code).to.equal(2)
      expect(stderr).to.match(/^p2pjobs: cannot write to stdout: [^\n]*\n$/)
    })

    it('loses what goes to stderr, and nothing else', async () => {
      const { code, stdout } = await shell(`${run} 'echo out; echo error >&2 #' ::: 1 2> /dev/full`)
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: 'out' })
    })
  })
})
