/**
 * Functions on their way to a worker: real files, bundled, and run by a process that has nothing
 * but the bundle.
 */
import { createHash } from 'node:crypto'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import { Bundler } from '../../src/bundle/bundler.ts'
import type { Bundle } from '../../src/bundle/bundler.ts'
import { GLOBALS } from '../../src/bundle/globals.ts'
import { TaskModules } from '../support/task-modules.ts'

const LIBRARY = new URL('../../src/bundle/task.ts', import.meta.url)

describe('Bundler', function () {
  this.timeout(30_000)
  let modules: TaskModules
  let bundler: Bundler

  beforeEach(() => {
    modules = new TaskModules()
    bundler = new Bundler()
  })
  afterEach(() => modules.remove())

  const bundleOf = async (name: string, text: string, exportName = 'work'): Promise<Bundle> =>
    await bundler.bundle({ module: modules.write(name, text), export: exportName })

  it('ships a module with all it imports', async () => {
    modules.write('lib/colors.ts', `export enum Color { Red = 'röt', Blue = 'blau' }`)
    modules.write('lib/units.json', `{ "mega": 1000000 }`)
    modules.write('lib/late.ts', `export const late = (): string => 'läte'`)
    modules.write(
      'node_modules/old/index.js',
      `const { EOL } = require('os')
      exports.eol = EOL; exports.places = [__dirname, __filename]; exports.extra = (x) => require(x)`
    )
    const bundle = await bundleOf(
      'jobs/work.ts',
      `
      import { readFileSync } from 'fs'
      import { createRequire } from 'node:module'
      import { eol, places } from 'old'
      import { Color } from '../lib/colors.ts'
      import units from '../lib/units.json' with { type: 'json' }
      import { task, taskContext } from 'p2pjobs'
      const require = createRequire(import.meta.url)
      const __dirname = 'mine'
      export const work = task(import.meta, async function work (n: number): Promise<unknown[]> {
        const { late } = await import('../lib/late.ts')
        return [n * units.mega, Color.Red, late(), eol, places.every((place) => place.length > 1),
          typeof readFileSync, typeof require('node:os').cpus, __dirname, taskContext().attempt, work.name]
      })`
    )
    const { value } = await modules.run(bundle, 2)
    expect(value).to.deep.equal([
      2_000_000,
      'röt',
      'läte',
      '\n',
      true,
      'function',
      'function',
      'mine',
      7,
      'work'
    ])
    expect(bundle).to.deep.include({ exportName: 'work', name: 'work', warnings: [] })
    expect(bundle.blob).to.equal(createHash('sha256').update(bundle.bytes).digest('hex'))
    const text = Buffer.from(bundle.bytes).toString()
    expect(text).to.include('röt')
    expect(text).to.not.include(modules.folder)
  })

  it('ships what task() has marked', async () => {
    const path = modules.write(
      'square.ts',
      `
      import { task } from ${JSON.stringify(LIBRARY.pathname)}
      export const square = task(import.meta, function square (x: number) { return x * x })`
    )
    const { square } = (await import(path)) as { square: (x: number) => number }
    expect(square(3)).to.equal(9)
    const bundle = await bundler.bundle(square)
    expect(bundle.name).to.equal('square')
    expect(await modules.run(bundle, 4)).to.deep.equal({ value: 16 })
  })

  it('ships a function that is complete in itself', async () => {
    const bundle = await bundler.bundle((words: readonly string[]) =>
      words.map((word) => word.toUpperCase())
    )
    expect(bundle).to.deep.include({ exportName: 'default', name: 'anonymous', warnings: [] })
    expect(await modules.run(bundle, ['ä'])).to.deep.equal({ value: ['Ä'] })
    const named = async function named(): Promise<number> {
      return await Promise.resolve(1)
    }
    expect((await bundler.bundle(named)).name).to.equal('named')
  })

  it('takes paths, URLs and default exports', async () => {
    const path = modules.write('work.mjs', 'export default () => 1; export const two = () => 2')
    const url = pathToFileURL(path)
    const byDefault = await bundler.bundle({ module: url, export: 'default' })
    expect(byDefault.name).to.equal('work.mjs')
    expect(await modules.run(byDefault)).to.deep.equal({ value: 1 })
    const two = await bundler.bundle({ module: url.href, export: 'two' })
    expect(await modules.run(two)).to.deep.equal({ value: 2 })
    expect(two.blob).to.equal(byDefault.blob)
    const old = modules.write('old.cjs', 'module.exports = () => 3')
    expect(
      await modules.run(await bundler.bundle({ module: old, export: 'default' }))
    ).to.deep.equal({ value: 3 })
  })

  it('leaves the library out, whatever is imported of it and by whatever path', async () => {
    const heavy = new URL('../../src/node/node.ts', import.meta.url).pathname
    const bundle = await bundleOf(
      'work.ts',
      `
      import { Pool, P2pJobsError, task, type Anything } from 'p2pjobs'
      import { task as same } from ${JSON.stringify(LIBRARY.pathname)}
      import * as node from ${JSON.stringify(heavy)}
      export { Pool, node }
      export const mine = same(import.meta, function mine () { return new Error('x') instanceof P2pJobsError })
      export const work = task(import.meta, function work () { return Pool.open() })`
    )
    expect(bundle.bytes.length).to.be.below(8_000)
    const { error } = await modules.run(bundle)
    expect(error).to.deep.include({
      name: 'P2pJobsError',
      code: 'BAD_FUNCTION',
      message: "'Pool' of p2pjobs was used inside a task: use it in the program that submits tasks"
    })
    const mine = await modules.run({ ...bundle, exportName: 'mine' })
    expect(mine).to.deep.equal({ value: false })
  })

  it('keeps lines and names of the sources in stack traces', async () => {
    modules.write('package.json', '{}')
    modules.write(
      'lib/deep.ts',
      `
      // A comment, and then some
      export class DeepError extends Error {
        override name = this.constructor.name
      }
      export function deep (): never { throw new DeepError('too deep') }`
    )
    modules.write('lib/other.ts', 'export class DeepError extends Error {}; export const deep = 1')
    const bundle = await bundleOf(
      'src/work.ts',
      `import { deep } from '../lib/deep.ts'
      import * as other from '../lib/other.ts'
      interface Unused { readonly x: number }
      export function work (): void { void other; deep() }`
    )
    const { error } = await modules.run(bundle)
    expect(error?.name).to.equal('DeepError')
    const frames = (error?.stack ?? '').split('\n').slice(1, 3)
    expect(frames[0]).to.match(/at deep \(task:lib\/deep\.ts:6:\d+\)$/)
    expect(frames[1]).to.match(/work \(task:src\/work\.ts:4:\d+\)$/)
  })

  it('leaves the map to the sources out where it would be too long', async () => {
    const lines = Array.from(
      { length: 30_000 },
      (_, i) => `export const v${i} = [${i}].map(String).join()`
    )
    const path = modules.write('long.js', `${lines.join('\n')}\nexport const work = () => 1`)
    const { bytes } = await bundler.bundle({ module: path, export: 'work' })
    expect(Buffer.from(bytes).includes('sourceMappingURL')).to.equal(false)
  })

  it('gives the same bytes again, also from another folder', async () => {
    modules.write('app/package.json', '{ "name": "app" }')
    modules.write('app/lib/b.ts', 'export const b = 1')
    modules.write('app/node_modules/c/index.js', 'module.exports = 2')
    modules.write(
      'app/src/a.ts',
      `import { b } from '../lib/b.ts'
      import c from 'c'
      export const work = () => [b, c]`
    )
    cpSync(join(modules.folder, 'app'), join(modules.folder, 'deep/er/copy'), { recursive: true })
    const blobs = await Promise.all(
      [bundler, new Bundler(), bundler].map(async (each, index) => {
        const module = join(modules.folder, index === 2 ? 'deep/er/copy' : 'app', 'src/a.ts')
        return (await each.bundle({ module, export: 'work' })).blob
      })
    )
    expect(new Set(blobs).size).to.equal(1)
    expect(
      await modules.run(
        await bundler.bundle({
          module: join(modules.folder, 'deep/er/copy/src/a.ts'),
          export: 'work'
        })
      )
    ).to.deep.equal({ value: [1, 2] })
  })

  it('warns of what may be missing on a worker', async () => {
    modules.write('node_modules/bindings/index.js', 'module.exports = (name) => require(name)')
    modules.write(
      'node_modules/maybe/index.js',
      `
      try { require('not-installed') } catch {}
      try { require('bindings')('addon') } catch {}
      module.exports = (x) => import(x)`
    )
    const bundle = await bundleOf(
      'work.ts',
      `import maybe from 'maybe'
export const work = (): number => {
  const alias = require
  return typeof alias === 'function' && maybe.length === 1 && typeof alias !== 'fonction' ? 1 : 2
}`
    )
    expect(bundle.warnings).to.deep.equal([
      `${join(modules.folder, 'work.ts')}:3:17: Indirect calls to "require" will not be bundled`,
      `${join(modules.folder, 'work.ts')}:4:80: The "typeof" operator will never evaluate to "fonction"`,
      'bindings looks for a native addon, which will not be there on a worker'
    ])
    expect(await modules.run(bundle)).to.deep.equal({ value: 1 })
  })

  it('takes for globals what a module of this Node finds, and nothing else', async function () {
    const bundle = await bundler.bundle(() => Object.getOwnPropertyNames(globalThis))
    const { value } = await modules.run(bundle)
    expect(value).to.include.members([...GLOBALS])
    // A newer Node has further ones, which workers with an older one lack.
    if (process.version.startsWith('v24.')) expect([...GLOBALS]).to.have.members(value as string[])
  })
})
