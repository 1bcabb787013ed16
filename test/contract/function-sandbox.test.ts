/** What functions can and cannot do in their sandbox, and what happens where there is none. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createFunctionExecutor } from '../../src/exec/functions/function-executor.ts'
import { NO_EVENTS, until } from '../support/executors.ts'
import { TestFunctions, bundleOf, sandboxFault, valueOf } from '../support/functions.ts'

const MIB = 1024 * 1024
const TIMEOUT_MS = 60_000
const suite = sandboxFault === undefined ? describe : describe.skip

suite(
  `function sandbox${sandboxFault === undefined ? '' : ` (skipped: ${sandboxFault})`}`,
  function () {
    this.timeout(TIMEOUT_MS)
    let on: TestFunctions

    before(async () => {
      // What the worker has in its environment and a function must not see.
      process.env['TMPDIR'] = tmpdir()
      on = await TestFunctions.open('bwrap', { requiresSandbox: true })
      delete process.env['TMPDIR']
    })
    after(() => on.remove())

    async function reasonOf(name: string, args: readonly unknown[]): Promise<string> {
      const end = await on.run(name, args)
      expect(end.outcome, name).to.equal('failure')
      return end.reason
    }

    it('has a root of its own, without homes', async () => {
      const { cwd, root } = (await on.value('folders')) as { cwd: string; root: string[] }
      expect(cwd).to.equal('/job')
      const known = ['bin', 'bundles', 'dev', 'etc', 'job', 'lib', 'lib32', 'lib64', 'nix']
      expect([...known, 'p2pjobs', 'proc', 'sbin', 'tmp', 'usr']).to.include.members(root)
      expect(await reasonOf('list', [homedir()])).to.contain('ENOENT')
      expect(await reasonOf('read', ['/etc/passwd'])).to.contain('ENOENT')
      expect(await reasonOf('read', [on.bundleFile])).to.contain('ENOENT')
      expect(await reasonOf('list', [on.folder])).to.contain('ENOENT')
    })

    it('sees no other process', async () => {
      const seen = (await on.value('list', ['/proc'])) as string[]
      expect(seen.filter((name) => /^\d+$/.test(name)).length).to.be.at.most(3)
    })

    it('has a small environment', async () => {
      const environment = (await on.value('environment')) as Record<string, string>
      expect(environment).to.include({ HOME: '/job', PATH: '/usr/local/bin:/usr/bin:/bin' })
      const known = ['HOME', 'LANG', 'P2PJOBS_COOKIE', 'PATH', 'PWD', 'TZ']
      expect(known).to.include.members(Object.keys(environment))
    })

    it('has no network, not even that of its own machine', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as AddressInfo
      expect(await reasonOf('dial', ['127.0.0.1', port])).to.match(/ECONNREFUSED|ENETUNREACH/)
      expect(await reasonOf('dial', ['192.0.2.1', 80])).to.contain('ENETUNREACH')
      server.close()
    })

    it('can write to its own folders only, and not without end', async () => {
      for (const path of ['/job/a', '/tmp/a']) await on.value('write', [path, 'x'])
      for (const path of [
        '/a',
        '/usr/a',
        '/bundles/a',
        '/p2pjobs/code/a',
        '/p2pjobs/a',
        '/dev/a'
      ]) {
        expect(await reasonOf('write', [path, 'x']), path).to.match(/EROFS|EACCES|EPERM/)
      }
      const bundle = `/bundles/${on.bundle}.mjs`
      expect(await reasonOf('write', [bundle, 'x'])).to.match(/EROFS|EACCES|EPERM/)
      expect(readFileSync(on.bundleFile, 'utf8')).to.contain('export')
      for (const path of ['/tmp/large', '/dev/shm/large']) {
        expect(await reasonOf('fillFile', [path, 300 * MIB]), path).to.contain('ENOSPC')
      }
    })

    it('sees no bundle of another master', async () => {
      const other = bundleOf(on.work, `export const secret = () => 1`)
      await on.runBundle(other, 'secret', { master: 'other' })
      const { bundles } = (await on.value('folders')) as { bundles: string[] }
      expect(bundles).to.deep.equal([`${on.bundle}.mjs`])
    })

    it('works with an older bubblewrap, a little less strict', async () => {
      const programs = mkdtempSync(join(tmpdir(), 'p2pjobs-programs-'))
      const path = process.env['PATH'] ?? ''
      const old = `case " $* " in *" --disable-userns "*) echo what is that >&2; exit 1;; esac`
      const script = `#!/bin/sh\n${old}\nPATH='${path}' exec bwrap "$@"\n`
      writeFileSync(join(programs, 'bwrap'), script, { mode: 0o755 })
      process.env['PATH'] = `${programs}:${path}`
      const older = await TestFunctions.open('bwrap', { spares: 1 })
      process.env['PATH'] = path
      expect(((await older.value('folders')) as { cwd: string }).cwd).to.equal('/job')
      await older.remove()
      rmSync(programs, { recursive: true })
    })

    it('leaves nothing behind of what it wrote', async () => {
      await on.value('write', ['/job/a', 'x'], { tasksPerChildMax: 1 })
      await until(() => on.childPids().length <= 2, 'its process is gone')
      await on.executor.close()
      expect(readdirSync(on.folder)).to.deep.equal([])
      await on.reopen()
    })
  }
)

describe('function executor without a sandbox', function () {
  this.timeout(TIMEOUT_MS)
  const path = process.env['PATH'] ?? ''
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-unboxed-'))
    // A machine on which there is no bubblewrap.
    process.env['PATH'] = folder
  })
  afterEach(() => {
    process.env['PATH'] = path
    rmSync(folder, { recursive: true })
  })

  it('runs functions in plain processes, and says so once', async () => {
    const on = await TestFunctions.open('auto', { spares: 2 })
    process.env['PATH'] = path
    expect(valueOf(await on.run('add', [1, 2]))).to.equal(3)
    const { cwd } = (await on.value('folders')) as { cwd: string }
    expect(cwd.startsWith(on.folder)).to.equal(true)
    expect(on.notices).to.have.length(1)
    expect(on.notices[0]).to.match(/^functions run without a sandbox, .*bwrap.*--require-sandbox/)
    await on.remove()
  })

  it('says nothing when no sandbox was asked for', async () => {
    const on = await TestFunctions.open('none')
    expect(on.notices).to.deep.equal([])
    await on.remove()
  })

  for (const [isolation, requiresSandbox] of [
    ['bwrap', false],
    ['auto', true],
    ['none', true]
  ] as const) {
    it(`refuses ${isolation}${requiresSandbox ? ' where a sandbox is required' : ''}`, async () => {
      const init = { slots: 1, folder, isolation, requiresSandbox }
      const error = await createFunctionExecutor(init, NO_EVENTS).catch((e: unknown) => e)
      expect(error).to.include({ name: 'P2pJobsError', code: 'NO_SANDBOX' })
      expect((error as Error).message)
        .to.contain('sandbox')
        .and.not.contain('\n')
      expect(readdirSync(folder)).to.deep.equal([])
    })
  }

  it('takes a bubblewrap that does not work for none', async () => {
    writeFileSync(join(folder, 'bwrap'), '#!/bin/sh\necho no namespaces >&2; exit 1\n', {
      mode: 0o755
    })
    const on = await TestFunctions.open('auto')
    expect(on.notices.join()).to.contain('no namespaces')
    await on.remove()
  })
})
