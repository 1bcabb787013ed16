/** The program under a Node that is too old for it. */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { PROGRAM, Programs } from '../support/program.ts'

const REFUSAL = /^p2pjobs: needs Node 24\.15 or newer, and this is Node [\d.]+; get it [^\n]*\n$/

/** A word for Node with which it takes itself for another version. */
function pretend(version: string): string[] {
  const code = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
  return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
}

/** Nodes of this machine that are too old, of those that can read a program of today at all. */
function oldNodes(): string[] {
  const folders = [...new Set((process.env['PATH'] ?? '').split(':'))]
  return folders
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .filter((path) => {
      const [, major = '0'] = /^v(\d+)\./.exec(execFileSync(path, ['--version']).toString()) ?? []
      return Number(major) >= 14 && Number(major) < 24
    })
}

describe('an older Node', function () {
  this.timeout(30_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  function expectRefused(node: string, words: readonly string[], program = PROGRAM): void {
    const { status, stdout, stderr } = spawnSync(node, [...words, program, 'run', 'true'], {
      encoding: 'utf8',
      env: { ...process.env, P2PJOBS_HOME: '/proc/nowhere' }
    })
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' })
    expect(stderr).to.match(REFUSAL)
  }

  it('is refused in one line', () => {
    for (const version of ['24.14.9', '22.20.0', '18.0.0']) {
      expectRefused(process.execPath, pretend(version))
    }
  })

  it('is refused before anything else is loaded', () => {
    const folder = programs.folder()
    const alone = join(folder, 'bin.js')
    copyFileSync(PROGRAM, alone)
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    expectRefused(process.execPath, pretend('24.14.9'), alone)
    for (const node of oldNodes()) expectRefused(node, [], alone)
  })

  for (const node of oldNodes()) {
    it(`is refused when it is real: ${node}`, () => {
      expectRefused(node, [])
    })
  }

  it('is told from a newer one', () => {
    for (const version of ['24.15.0', '26.0.0']) {
      const words = [...pretend(version), PROGRAM, '--version']
      const { status, stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' })
      expect({ status, isVersion: stdout.startsWith('p2pjobs ') }).to.deep.equal({
        status: 0,
        isVersion: true
      })
    }
  })
})
