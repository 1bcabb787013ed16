/** Programs that end without closing their pool, in any way: nothing of theirs outlives them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { forEachIsolation } from '../support/functions.ts'
import { noProcessWith, scratchOf } from '../support/program.ts'

const LIBRARY = new URL('../../src/index.ts', import.meta.url).href
const IMPORTS = `
  import { subscribe } from 'node:diagnostics_channel'
  const { Pool, Process } = await import(${JSON.stringify(LIBRARY)})`
const FOR_EVER = `() => new Promise((resolve) => setTimeout(resolve, 2 ** 30))`

/** What ends a program, and how it has ended then. */
const ENDS = {
  'exits by process.exit': ['process.exit(3)', [3, null]],
  'fails with an error that nobody catches': ['throw new Error("on purpose")', [1, null]],
  'is killed by SIGKILL': ['process.kill(process.pid, "SIGKILL")', [null, 'SIGKILL']],
  'is ended by SIGINT': ['process.kill(process.pid, "SIGINT")', [null, 'SIGINT']]
} as const

describe('a program that ends', () => {
  let home: string
  let mark: string

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-ends-'))
    mark = `mark-${process.pid}-${Math.random()}`
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  /** Runs a program to its end, and waits until all that it has started is gone, files included. */
  async function run(program: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
    const words = ['--input-type=module', '--eval', `${IMPORTS}\n${program}`]
    const child = spawn(process.execPath, words, {
      // LANG is one of the few variables that reach all processes, those in a sandbox too.
      env: { ...process.env, P2PJOBS_HOME: home, LANG: mark, ...env },
      stdio: 'ignore'
    })
    const ending: unknown = await once(child, 'exit')
    await noProcessWith(mark)
    expect(scratchOf(home)).to.deep.equal([])
    return ending
  }

  forEachIsolation('leaves nothing', (isolation) => {
    const open = `const pool = await Pool.open({ local: true, processes: 2, isolation: '${isolation}' })`

    for (const [title, [end, ending]] of Object.entries(ENDS)) {
      it(`when it ${title} while its processes are being started`, async () => {
        // By then, the launcher has been asked for processes and has not run a line.
        const soon = `subscribe('child_process', () => setImmediate(() => { ${end} }))`
        expect(await run(`${soon}; ${open}; await pool.apply(${FOR_EVER})`)).to.deep.equal(ending)
      })

      it(`when it ${title} while a function is in a loop`, async () => {
        const call = `await pool.apply((ms) => {
          globalThis[Symbol.for('p2pjobs.context')].progress('begun')
          for (;;) if (ms < 0) break
        }, [1], { onProgress: () => { ${end} } })`
        expect(await run(`${open}; ${call}`)).to.deep.equal(ending)
      })
    }

    it('when it has nothing left to do, although its pool is open', async () => {
      expect(await run(open)).to.deep.equal([0, null])
    })
  })

  describe('leaves nothing', function () {
    this.timeout(60_000)

    it('when a daemon was the last it started', async () => {
      const start = `await new Process({ target: ${FOR_EVER}, daemon: true }).start()`
      expect(await run(start)).to.deep.equal([0, null])
    })

    it('when it is killed while the sandbox is tried, which hangs', async () => {
      const programs = join(home, 'programs')
      const pidFile = join(home, 'pid')
      mkdirSync(programs)
      const bwrap = `#!/bin/sh
        case "$*" in *' --version') kill -9 $(cat '${pidFile}') ;; esac
        exec sleep 600`
      writeFileSync(join(programs, 'bwrap'), bwrap, { mode: 0o755 })
      writeFileSync(pidFile, '')
      const start = `
        import { writeFileSync } from 'node:fs'
        writeFileSync('${pidFile}', String(process.pid))
        const pool = await Pool.open({ local: true })
        await pool.apply(${FOR_EVER})`
      const env = { PATH: `${programs}:${process.env['PATH'] ?? ''}` }
      expect(await run(start, env)).to.deep.equal([null, 'SIGKILL'])
    })
  })
})
