/** The package as other machines get it: its tarball, unpacked into an empty folder. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Programs } from '../support/program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** What `npm install` would do with the tarball, with dependencies from here instead of a registry. */
async function install(folder: string): Promise<string> {
  // Without scripts: they would build `dist` anew under the other tests.
  const words = ['pack', '--ignore-scripts', '--pack-destination', folder]
  const env = { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false' }
  const { stdout } = await run('npm', words, { cwd: ROOT, env })
  const tarball = join(folder, stdout.trim().split('\n').at(-1) ?? '')
  const unpacked = join(folder, 'node_modules', 'p2pjobs')
  mkdirSync(unpacked, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1'])
  const { dependencies, bin } = manifestOf(unpacked)
  for (const name of Object.keys(dependencies)) {
    const place = join(folder, 'node_modules', name)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules', name), place)
  }
  mkdirSync(join(folder, 'node_modules/.bin'))
  symlinkSync(join('../p2pjobs', bin.p2pjobs), join(folder, 'node_modules/.bin/p2pjobs'))
  return tarball
}

function manifestOf(folder: string): {
  dependencies: Record<string, string>
  bin: { p2pjobs: string }
} {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as ReturnType<
    typeof manifestOf
  >
}

describe('the packed tarball', function () {
  this.timeout(120_000)
  let programs: Programs
  let folder = ''
  let tarball = ''
  let env: NodeJS.ProcessEnv = {}

  before(async () => {
    programs = new Programs()
    folder = programs.folder()
    tarball = await install(folder)
    const path = [join(folder, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH']]
    env = { ...process.env, PATH: path.join(':'), P2PJOBS_HOME: programs.home() }
  })

  after(async () => {
    await programs.end()
  })

  it('has what it needs to run and to be read, and nothing else', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball])
    const files = stdout
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, ''))
    expect(files).to.include.members([
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'docs/CLI.md',
      'docs/PROTOCOL.md',
      'configs/master.json',
      'configs/lan-worker.json',
      'configs/loopback.json',
      'dist/cli/bin.js',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/exec/spawner-main.js',
      'src/index.ts'
    ])
    const expected =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/\w+\.md|docs\/pictures\/[\w-]+\.svg|configs\/[\w-]+\.json|examples\/[\w-]+\/[\w-]+\.ts|src\/.*\.ts|dist\/.*\.(js|d\.ts)(\.map)?)$/
    expect(files.filter((path) => !expected.test(path))).to.deep.equal([])
  })

  it('has an executable that helps', async () => {
    const { stdout } = await run('p2pjobs', ['--help'], { cwd: folder, env })
    expect(stdout).to.include('p2pjobs COMMAND')
    const version = await run('p2pjobs', ['--version'], { cwd: folder, env })
    expect(version.stdout).to.match(/^p2pjobs \d+\.\d+\.\d+\n$/)
  })

  it('runs tasks on this machine alone', async () => {
    const words = ['run', '--local', '-k', 'echo', ':::', 'one', 'two']
    expect(await run('p2pjobs', words, { cwd: folder, env })).to.deep.equal({
      stdout: 'one\ntwo\n',
      stderr: ''
    })
  })

  it('runs tasks in a network', async () => {
    const network = ['--listen', '/ip4/127.0.0.1/tcp/0', '--no-mdns']
    const jobs = join(folder, 'jobs')
    writeFileSync(jobs, 'echo one\n')
    const words = ['node', '--master', '--jobs', jobs, '--exit-when-done', ...network]
    const { stdout } = await run('p2pjobs', words, { cwd: folder, env })
    expect(stdout).to.match(/^p2pj1-work-.*\ndispatched 1 .*\nfinished 1 .*\none\n$/)
  })

  it('is a library, with types', async () => {
    writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
    writeFileSync(join(folder, 'square.ts'), SQUARE)
    writeFileSync(join(folder, 'main.ts'), MAIN)
    const { stdout, stderr } = await run(process.execPath, ['main.ts'], { cwd: folder, env })
    expect({ stdout, stderr }).to.deep.equal({ stdout: '1 4 9\n', stderr: '' })

    // As strict as a project can be: what the types lead to is checked as well.
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')]
    const language = ['--module', 'nodenext', '--target', 'esnext', '--lib', 'esnext']
    const flags = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--listFiles']
    const words = [compiler, ...flags, '--allowImportingTsExtensions', ...language, ...types]
    const checked = await run(process.execPath, [...words, 'main.ts'], { cwd: folder, env }).catch(
      // Its errors are on stdout.
      (error: unknown) => error as { stdout: string }
    )
    const lines = checked.stdout.trim().split('\n')
    expect(lines).to.include('main.ts')
    // Neither an error, nor the types of a package that a user has not asked for.
    const expected =
      /(^|\/)(main|square)\.ts$|\/(p2pjobs\/dist|typescript\/lib|@types\/node|undici-types)\/.*\.d\.ts$/
    expect(lines.filter((line) => !expected.test(line))).to.deep.equal([])
  })
})

const SQUARE = `
import { task } from 'p2pjobs'
export const square = task(import.meta, function square (x: number) { return x * x })
`
const MAIN = `
import { Manager, Pool } from 'p2pjobs'
import type { Queue } from 'p2pjobs'
import { square } from './square.ts'
await using pool = await Pool.open({ local: true, onWarning: () => undefined })
const squares: number[] = await pool.map(square, [1, 2, 3])
await using manager = await Manager.start({ local: true })
const queue: Queue<number> = manager.queue('squares')
await queue.putMany(squares)
console.log((await queue.getMany(3)).join(' '))
`
