/**
 * When a module is bundled again: whenever what is on disk has changed, and only then.
 */
import { statSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { Bundler } from '../../src/bundle/bundler.ts'
import type { Bundle } from '../../src/bundle/bundler.ts'
import { Inputs } from '../../src/bundle/inputs.ts'
import { TaskModules } from '../support/task-modules.ts'

describe('Bundler, when files change', function () {
  this.timeout(30_000)
  let modules: TaskModules
  let now = 0
  let bundler: Bundler

  beforeEach(() => {
    modules = new TaskModules()
    bundler = new Bundler({ now: () => now })
  })
  afterEach(() => modules.remove())

  const valueOf = async (bundle: Bundle): Promise<unknown> => (await modules.run(bundle)).value

  /** Bundles until the files are old enough to be sure of them. */
  const settled = async (module: string, exported = 'work'): Promise<Bundle> => {
    let last = await bundler.bundle({ module, export: exported })
    for (;;) {
      const next = await bundler.bundle({ module, export: exported })
      if (next.bytes === last.bytes) return next
      last = next
    }
  }

  it('bundles once for many calls and exports, also at the same time', async () => {
    const module = modules.write('a.ts', 'export const work = () => 1, other = () => 2')
    const [first, second, other] = await Promise.all(
      ['work', 'work', 'other'].map((name) => bundler.bundle({ module, export: name }))
    )
    expect(second?.bytes).to.equal(first?.bytes)
    expect(other?.bytes).to.equal(first?.bytes)
    const later = await settled(module)
    expect((await bundler.bundle({ module, export: 'other' })).bytes).to.equal(later.bytes)
  })

  it('keeps the bundle of a bare function by its text', async () => {
    const make = () => (): number => 1
    const first = await bundler.bundle(make())
    expect((await bundler.bundle(make())).bytes).to.equal(first.bytes)
  })

  it('sees a change of the same length at once, however soon it comes', async () => {
    for (const digit of ['1', '2', '3', '4', '5']) {
      modules.write('lib.ts', `export const lib = ${digit}`)
      const module = modules.write(
        'a.ts',
        `import { lib } from './lib.ts'
        export const work = () => lib`
      )
      const { bytes } = await bundler.bundle({ module, export: 'work' })
      expect(Buffer.from(bytes).toString()).to.include(`lib = ${digit}`)
    }
  })

  it('is not sure of files written at about the time they were read', () => {
    const path = modules.write('a.ts', '')
    const { ctimeMs } = statSync(path)
    expect(new Inputs([path], ctimeMs + 10, now).isUnchanged(now)).to.equal(false)
    expect(new Inputs([path], ctimeMs - 10, now).isUnchanged(now)).to.equal(false)
    expect(new Inputs([path], ctimeMs + 1_000, now).isUnchanged(now)).to.equal(true)
  })

  it('leaves the bundles made before as they are', async () => {
    const module = modules.write('a.ts', `export const work = () => 'old'`)
    const old = await settled(module)
    modules.write('a.ts', `export const work = () => 'new'`)
    const changed = await bundler.bundle({ module, export: 'work' })
    expect(changed.blob).to.not.equal(old.blob)
    expect(await valueOf(old)).to.equal('old')
    expect(await valueOf(changed)).to.equal('new')
  })

  it('sees files that go, and links that point elsewhere', async () => {
    const lib = modules.write('lib.ts', 'export const lib = 1')
    const module = modules.write('a.ts', `export { lib as work } from './lib.ts'`)
    await settled(module)
    unlinkSync(lib)
    const gone = await bundler.bundle({ module, export: 'work' }).catch((error: unknown) => error)
    expect(String(gone)).to.include(`'./lib.ts' cannot be found`)

    const link = join(modules.folder, 'current.ts')
    symlinkSync(modules.write('v1.ts', 'export const work = () => 1'), link)
    await settled(link)
    const second = modules.write('v2.ts', 'export const work = () => 2')
    unlinkSync(link)
    symlinkSync(second, link)
    expect(await valueOf(await bundler.bundle({ module: link, export: 'work' }))).to.equal(2)
  })

  it('looks at installed packages once a second', async () => {
    modules.write('node_modules/dep/index.js', 'export const dep = 1')
    const module = modules.write('a.ts', `export { dep as work } from 'dep'`)
    const first = await settled(module)
    modules.write('node_modules/dep/index.js', 'export const dep = 2')
    now += 999
    expect((await bundler.bundle({ module, export: 'work' })).bytes).to.equal(first.bytes)
    now += 1
    const { bytes } = await bundler.bundle({ module, export: 'work' })
    expect(Buffer.from(bytes).toString()).to.include('dep = 2')
  })
})
