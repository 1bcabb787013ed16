/**
 * The program that bundles, when it fails itself: it is started again, and never waited for
 * without end.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Plugin } from 'esbuild'
import { Bundler } from '../../src/bundle/bundler.ts'
import { build } from '../../src/bundle/esbuild.ts'
import { P2pJobsError } from '../../src/core/errors.ts'
import { TaskModules } from '../support/task-modules.ts'

/** The ids of esbuild's processes below this one. */
function servicesOfOurs(): number[] {
  const table = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
  return table
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
    .filter(([, , parent, args]) => Number(parent) === process.pid && args?.includes('--service='))
    .map(([, pid]) => Number(pid))
}

describe('esbuild', function () {
  this.timeout(30_000)
  let modules: TaskModules

  beforeEach(() => (modules = new TaskModules()))
  afterEach(() => modules.remove())

  it('is started again when its process was ended, as by Ctrl-C in the terminal', async () => {
    const bundler = new Bundler()
    const module = modules.write('a.ts', 'export const work = () => 1')
    await bundler.bundle({ module, export: 'work' })
    const services = servicesOfOurs()
    expect(services).to.have.length(1)
    for (const pid of services) process.kill(pid, 'SIGINT')
    const bundles = await Promise.all(
      ['b.ts', 'c.ts', 'd.ts'].map((name) =>
        bundler.bundle({
          module: modules.write(name, 'export const work = () => 2'),
          export: 'work'
        })
      )
    )
    expect(await modules.run(bundles[2]!)).to.deep.equal({ value: 2 })
  })

  it('is given up when it waits for a file that never ends, and others are made again', async () => {
    const other = modules.write('b.ts', '')
    const { promise: isUnderWay, resolve: underWay } = Promise.withResolvers<undefined>()
    let loads = 0
    const slow: Plugin = {
      name: 'slow at first',
      setup: (plugged) =>
        plugged.onLoad({ filter: /b\.ts$/ }, async () => {
          underWay(undefined)
          loads += 1
          if (loads === 1) await new Promise(() => undefined)
          return { contents: 'export const work = 1' }
        })
    }
    const made = build({ entryPoints: [other], bundle: true, format: 'esm', plugins: [slow] })
    await isUnderWay

    const pipe = join(modules.folder, 'pipe.js')
    execFileSync('mkfifo', [pipe])
    const entry = modules.write('a.ts', `export { work } from './pipe.js'`)
    const error: unknown = await build({ entryPoints: [entry], bundle: true }, 200).catch(
      (thrown: unknown) => thrown
    )
    expect(error).to.be.instanceOf(P2pJobsError)
    const { code, message } = error as P2pJobsError
    expect(code).to.equal('BUNDLER_FAILED')
    expect(message).to.equal(
      'bundling took more than 0.2 s: see whether all files it imports can be read'
    )
    expect((await made).outputFiles[0]?.text).to.include('work = 1')
  })

  it('that cannot be run is said so, and bare functions need none', () => {
    const bundler = new URL('../../src/bundle/bundler.ts', import.meta.url).href
    const module = modules.write('a.ts', 'export const work = () => 1')
    const script = modules.write(
      'main.ts',
      `const { Bundler } = await import(${JSON.stringify(bundler)})
      const bundler = new Bundler()
      const broken = await bundler.bundle({ module: ${JSON.stringify(module)}, export: 'work' })
        .catch((error) => error)
      const bare = await bundler.bundle(() => 1)
      console.log(JSON.stringify([broken.code, broken.message, bare.exportName]))`
    )
    const { stdout } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { ...process.env, ESBUILD_BINARY_PATH: '/bin/false' }
    })
    const [code, message, bare] = JSON.parse(stdout) as string[]
    expect(code).to.equal('BUNDLER_FAILED')
    expect(message).to.match(
      /^cannot run esbuild, which bundles functions: .*: install p2pjobs again/
    )
    expect(bare).to.equal('default')
  })

  it('keeps no program from ending', () => {
    const bundler = new URL('../../src/bundle/bundler.ts', import.meta.url).href
    const module = modules.write('a.ts', 'export const work = () => 1')
    const script = modules.write(
      'main.ts',
      `const { Bundler } = await import(${JSON.stringify(bundler)})
      console.log((await new Bundler().bundle({ module: ${JSON.stringify(module)}, export: 'work' })).name)`
    )
    const { status, stdout } = spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      timeout: 20_000
    })
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: 'work\n' })
  })
})
