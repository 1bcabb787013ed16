import { spawn } from 'node:child_process'
import type { StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const BIN = fileURLToPath(new URL('../../../src/cli/bin.ts', import.meta.url))

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the executable to its end; `before` are flags of Node itself. */
async function run(
  words: string[],
  before: string[] = [],
  stdio: StdioOptions = 'pipe'
): Promise<Ended> {
  const child = spawn(process.execPath, [...before, BIN, ...words], { stdio })
  const closed = once(child, 'close')
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (written[name] += text))
  }
  const [status] = (await closed) as [number | null]
  return { status, ...written }
}

describe('the executable', function () {
  this.timeout(60_000)

  it('runs', async () => {
    const ended = await run(['--version'])
    expect(ended).to.include({ status: 0, stderr: '' })
    expect(ended.stdout).to.match(/^p2pjobs \d/)
  })

  it('reports wrong usage with 2, and in run with 255', async () => {
    expect(await run(['nodes'])).to.deep.equal({
      status: 2,
      stdout: '',
      stderr: 'p2pjobs: unknown command nodes; did you mean node?\n'
    })
    expect(await run(['run', '-j'])).to.include({ status: 255, stderr: 'p2pjobs: -j needs N\n' })
  })

  it('refuses an older Node in one line, and nothing newer', async () => {
    const pretend = (version: string): string[] => {
      const code = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`
      return ['--import', `data:text/javascript,${encodeURIComponent(code)}`]
    }
    for (const version of ['18.20.8', '24.14.99']) {
      const ended = await run(['--version'], pretend(version))
      expect(ended).to.include({ status: 2, stdout: '' })
      expect(ended.stderr).to.match(
        /^p2pjobs: needs Node 24\.15 or newer, and this is Node .*; get it.*\n$/
      )
      expect(ended.stderr).to.include(version)
    }
    for (const version of ['24.15.0', '25.0.0']) {
      expect(await run(['--version'], pretend(version))).to.include({ status: 0, stderr: '' })
    }
  })

  it('ends quietly when nobody reads it any more', async () => {
    const child = spawn(process.execPath, [BIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    const closed = once(child, 'close')
    child.stdout.destroy()
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    expect(await closed).to.deep.equal([0, null])
    expect(stderr).to.equal('')
  })

  if (process.platform === 'linux') {
    it('says that a disk is full', async () => {
      const full = openSync('/dev/full', 'w')
      try {
        const ended = await run(['--help'], [], ['ignore', full, 'pipe'])
        expect(ended.status).to.equal(2)
        expect(ended.stderr).to.match(/^p2pjobs: cannot write to stdout: .*no space left.*\n$/)
      } finally {
        closeSync(full)
      }
    })
  }
})
