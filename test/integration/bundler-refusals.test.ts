/**
 * Functions that cannot be shipped: each is refused when it is submitted, in one line that names
 * the thing and the cure.
 */
import { symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { Bundler } from '../../src/bundle/bundler.ts'
import type { AnyFunction } from '../../src/bundle/bundler.ts'
import type { FunctionSource } from '../../src/bundle/task.ts'
import { P2pJobsError } from '../../src/core/errors.ts'
import { TaskModules } from '../support/task-modules.ts'

/** Reads as the compiled form of a native addon: no module at all. */
const ADDON = '\x7fELF'

describe('what Bundler refuses', function () {
  this.timeout(30_000)
  let modules: TaskModules
  let bundler: Bundler
  const started = process.argv[1]!

  beforeEach(() => {
    modules = new TaskModules()
    bundler = new Bundler()
  })
  afterEach(() => {
    process.argv[1] = started
    modules.remove()
  })

  /** What is said of `source`, with the folder of the modules as `~`. */
  const refusalOf = async (source: FunctionSource<AnyFunction>): Promise<string> => {
    const error: unknown = await bundler.bundle(source).then(
      () => new Error('it was taken'),
      (thrown: unknown) => thrown
    )
    expect(error).to.be.instanceOf(P2pJobsError)
    const { code, message } = error as P2pJobsError
    expect(code).to.equal('BAD_FUNCTION')
    expect(message).to.not.include('\n')
    return message.replaceAll(modules.folder, '~')
  }
  const refusalOfModule = async (name: string, text: string, exported = 'work'): Promise<string> =>
    await refusalOf({ module: modules.write(name, text), export: exported })

  it('an export that is not there', async () => {
    expect(await refusalOfModule('a.ts', 'export const one = 1, two = 2')).to.equal(
      "cannot ship 'work' of ~/a.ts: it exports only 'one' and 'two': name one of these, or write " +
        'export const work = task(import.meta, function work ...)'
    )
    expect(await refusalOfModule('b.ts', 'const work = () => 1; void work')).to.equal(
      "cannot ship 'work' of ~/b.ts: it exports nothing: write " +
        'export const work = task(import.meta, function work ...)'
    )
    expect(await refusalOfModule('c.ts', 'export const work = 1', 'default')).to.equal(
      "cannot ship 'default' of ~/c.ts: it exports only 'work': name one of these"
    )
  })

  it('names that cannot be names of exports', async () => {
    const texts = { 'a(b': 'a(b', 'a\nb': 'a b', '': '' }
    for (const [name, shown] of Object.entries(texts)) {
      expect(await refusalOfModule('a.ts', 'export const one = 1', name)).to.equal(
        `cannot ship '${shown}' of ~/a.ts: it exports only 'one': name one of these`
      )
    }
  })

  it('a name too long to be sent', async () => {
    const name = 'x'.repeat(257)
    expect(await refusalOfModule('a.ts', `export const ${name} = 1`, name)).to.equal(
      `cannot ship '${'x'.repeat(32)}...' of ~/a.ts: its name has more than 256 characters: give ` +
        'it a shorter one'
    )
  })

  it('a function exported under another name', async () => {
    const refusal = "cannot ship 'work' of ~/a.ts: it is exported as"
    const cure = 'give the function and the export the same name'
    const texts = {
      'export const labour = task(import.meta, async function work (x) {})': 'labour',
      'export const labour = function work () {}': 'labour',
      'const $work = 1, work = 2\nexport { $work as other, work as labour }': 'labour',
      'function work () {}\nexport { other, work as labour }; const other = 1': 'labour',
      'export default task(import.meta, function work () {})': 'default',
      'export default function work () {}': 'default'
    }
    for (const [text, name] of Object.entries(texts)) {
      const given = await refusalOfModule(
        'a.ts',
        `import { task } from 'p2pjobs'; void task\n${text}`
      )
      expect(given).to.equal(`${refusal} '${name}': ${cure}`)
    }
  })

  it('what a CommonJS module exports by name', async () => {
    expect(await refusalOfModule('a.cjs', 'exports.work = () => 1')).to.equal(
      "cannot ship 'work' of ~/a.cjs: it is a CommonJS module, whose exports are known only when " +
        'it runs: make it an ES module'
    )
  })

  it('a module that is not there, or no file', async () => {
    expect(await refusalOf({ module: join(modules.folder, 'none.ts'), export: 'work' })).to.equal(
      "cannot ship 'work' of ~/none.ts: there is no such file: check the path"
    )
    expect(await refusalOf({ module: modules.folder, export: 'work' })).to.equal(
      "cannot ship 'work' of ~: it is not a file: name the file that exports the function"
    )
    const below = join(modules.write('a.ts', ''), 'b.ts')
    expect(await refusalOf({ module: below, export: 'work' })).to.match(
      /^cannot ship 'work' of ~\/a\.ts\/b\.ts: ENOTDIR: .*: check the path$/
    )
  })

  it('a module that is no path and no file: URL', async () => {
    expect(await refusalOf({ module: 'https://example.org/a.js', export: 'work' })).to.equal(
      "cannot ship 'work' of https://example.org/a.js: only modules in files can be shipped: " +
        'give a path or a file: URL'
    )
    expect(
      await refusalOf({ module: new URL('data:text/javascript,1'), export: 'work' })
    ).to.include('only modules in files can be shipped')
    expect(await refusalOf({ module: 'lodash', export: 'work' })).to.equal(
      "cannot ship 'work' of lodash: give its module as a path that starts with / or ./, or as a " +
        'file: URL'
    )
  })

  it('what is no function and names none', async () => {
    expect(await refusalOf('work' as never)).to.equal(
      'cannot ship a value of type string: it is neither a function nor { module, export }: give ' +
        'one of the two'
    )
    expect(await refusalOf({ module: 'a.ts' } as never)).to.include('a value of type object')
    expect(await refusalOf(undefined as never)).to.include('a value of type undefined')
    expect(await refusalOf(null as never)).to.include('a value of type null')
  })

  it("the program's entry module", async () => {
    const cure =
      "the program's entry module is never run on a worker: move it to a module of its own"
    const path = modules.write('main.ts', 'export const work = () => 1')
    const marked = Object.defineProperty(() => 1, Symbol.for('p2pjobs.task'), {
      value: { module: `file://${path}`, export: 'work', isEntry: true }
    })
    expect(await refusalOf(marked)).to.equal(`cannot ship 'work' of ~/main.ts: ${cure}`)
    process.argv[1] = path
    expect(await refusalOf({ module: path, export: 'work' })).to.include(cure)
    // As Node starts it: without the extension, or by a link.
    const script = modules.write('script.js', 'export const work = () => 1')
    process.argv[1] = join(dirname(script), 'script')
    expect(await refusalOf({ module: script, export: 'work' })).to.include(cure)
    symlinkSync(script, join(modules.folder, 'link.js'))
    process.argv[1] = join(modules.folder, 'link.js')
    expect(await refusalOf({ module: script, export: 'work' })).to.include(cure)
  })

  it("a module that imports the program's entry module", async () => {
    modules.write('helper.ts', `export { limit } from './main.ts'`)
    process.argv[1] = modules.write('main.ts', 'export const limit = 1')
    const text = `import { limit } from './helper.ts'\nexport const work = () => limit`
    expect(await refusalOfModule('a.ts', text)).to.equal(
      "cannot ship ~/a.ts: ~/helper.ts imports the program's entry module ~/main.ts, which is " +
        'never run on a worker: move what both need to a module of its own'
    )
  })

  it('a syntax error, with its place as editors count', async () => {
    expect(await refusalOfModule('a.ts', 'const ä = 1\nlet öö = 1; const = 2')).to.equal(
      'cannot ship ~/a.ts:2:19: Expected identifier but found "="'
    )
    modules.write('b.ts', 'export const b = {')
    expect(await refusalOfModule('a.ts', `export { b as work } from './b.ts'`)).to.equal(
      'cannot ship ~/a.ts: ~/b.ts:1:19: Expected identifier but found end of file'
    )
  })

  it('imports of what is not there', async () => {
    expect(
      await refusalOfModule('a.ts', `import x from './none.ts'; export const work = x`)
    ).to.equal(`cannot ship ~/a.ts:1:15: './none.ts' cannot be found: check the path`)
    expect(
      await refusalOfModule('a.ts', `import x from 'not-here'; export const work = x`)
    ).to.equal(
      `cannot ship ~/a.ts:1:15: 'not-here' cannot be found: install it (npm install not-here)`
    )
    expect(
      await refusalOfModule('a.ts', `import x from '@no/such/part.js'; export const work = x`)
    ).to.include('install it (npm install @no/such)')
    modules.write('b.ts', 'export const b = 1')
    expect(
      await refusalOfModule('a.ts', `import { c } from './b.ts'; export const work = c`)
    ).to.equal('cannot ship ~/a.ts:1:10: No matching export in "b.ts" for import "c"')
  })

  it('imports of a computed name, by file and line', async () => {
    const problem =
      'an import whose name is computed cannot be bundled: write the name out, one import for each'
    // Where the import or its argument begins.
    const columns = {
      'import(name)': 39,
      'require(name)': 39,
      "import('./parts/' + name + '.ts')": 46,
      'import(`./${name}.ts`)': 46,
      "require('./' + name)": 47,
      "import('node:' + name)": 39
    }
    modules.write('parts/one.ts', 'export const one = 1')
    for (const [line, column] of Object.entries(columns)) {
      const text = `interface Ünused { x: 1 }\nexport const wörk = (name: string) => ${line}`
      const place = `~/a.ts:2:${column}`
      expect(await refusalOfModule('a.ts', text)).to.equal(`cannot ship ${place}: ${problem}`)
    }
    modules.write('lib/b.ts', `export const b = (name: string) => import('./' + name)`)
    expect(await refusalOfModule('c.ts', `export { b as work } from './lib/b.ts'`)).to.match(
      /^cannot ship ~\/c\.ts: ~\/lib\/b\.ts:1:\d+: an import whose/
    )
  })

  it('native addons, wherever they are imported', async () => {
    const cure = 'use a package without native code, or a shell task on machines that have it'
    modules.write('node_modules/fast/build/addon.node', ADDON)
    modules.write('node_modules/fast/index.js', `module.exports = require('./build/addon.node')`)
    modules.write('node_modules/direct/package.json', '{ "main": "direct.node" }')
    modules.write('node_modules/direct/direct.node', ADDON)
    expect(
      await refusalOfModule('a.ts', `import fast from 'fast'; export const work = fast`)
    ).to.equal(
      'cannot ship ~/a.ts: ~/node_modules/fast/index.js:1:26: the native addon ' +
        `node_modules/fast/build/addon.node runs only where it was built: ${cure}`
    )
    expect(
      await refusalOfModule('a.ts', `import direct from 'direct'; export const work = direct`)
    ).to.equal(
      'cannot ship ~/a.ts:1:20: the native addon node_modules/direct/direct.node runs only where ' +
        `it was built: ${cure}`
    )
  })

  it('files that are no modules', async () => {
    modules.write('a.wasm', '\0asm')
    expect(
      await refusalOfModule('a.ts', `import x from './a.wasm'; export const work = x`)
    ).to.equal('cannot ship ~/a.ts:1:15: No loader is configured for ".wasm" files: a.wasm')
  })

  it('bundles that are too large, with what is large in them', async () => {
    modules.write('large.json', JSON.stringify('x'.repeat(17 * 1024 * 1024)))
    const text = `import large from './large.json'\nexport const work = () => large.length`
    expect(await refusalOfModule('a.ts', text)).to.equal(
      'cannot ship ~/a.ts: its bundle has 17.0 MiB, more than 16.0 MiB: the most is from ' +
        'large.json (17.0 MiB), a.ts (0.0 MiB): pass data as arguments'
    )
  })

  it('a bare function with outside variables, by the names of all of them', async () => {
    const limit = 3
    const lookup = new Map<number, number>()
    expect(await refusalOf((x: number) => (lookup.get(x) ?? 0) * limit)).to.equal(
      "cannot ship the anonymous function: it uses 'lookup' and 'limit' from outside: pass them " +
        'as arguments, or export a function from a module of its own with ' +
        'task(import.meta, function name ...)'
    )
  })

  it('each of several calls for the same broken module', async () => {
    const source = { module: modules.write('a.ts', 'export const ='), export: 'work' }
    const refusals = await Promise.all([refusalOf(source), refusalOf(source), refusalOf(source)])
    expect(new Set(refusals)).to.have.keys([
      'cannot ship ~/a.ts:1:14: Expected identifier but found "="'
    ])
    // Once it is mended, it is taken.
    modules.write('a.ts', 'export const work = () => 1')
    expect(await modules.run(await bundler.bundle(source))).to.deep.equal({ value: 1 })
  })
})
