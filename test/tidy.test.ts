/**
 * The rules of the layout, as tests: who imports whom, how large things are, nothing forgotten.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SRC = join(ROOT, 'src')

/** Folder of `src` -> folders it may import. Adapters do not know one another. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ['core'],
  values: ['core'],
  proxies: ['core', 'values'],
  net: ['core', 'wire'],
  blobs: ['core'],
  journal: ['core', 'wire'],
  control: ['core', 'wire'],
  spool: ['core', 'wire'],
  exec: ['core', 'wire', 'values', 'proxies'],
  home: ['core'],
  trust: ['core'],
  bundle: ['core'],
  node: ['core', 'wire', 'net', 'blobs', 'journal', 'control', 'spool', 'exec', 'home', 'trust'],
  pool: ['core', 'node', 'values', 'bundle'],
  manager: ['core', 'node', 'values', 'proxies'],
  cli: ['core', 'node'],
  'index.ts': ['core', 'pool', 'manager', 'proxies', 'bundle']
}

/** Package -> the one folder that imports it. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  libp2p: ['net'],
  '@libp2p/': ['net'],
  '@chainsafe/': ['net'],
  '@multiformats/multiaddr': ['net'],
  'multicast-dns': ['net'],
  'it-pipe': ['net'],
  esbuild: ['bundle'],
  acorn: ['bundle'],
  'eslint-scope': ['bundle'],
  // Conversions between text and bytes are everybody's.
  uint8arrays: ['wire', 'net', 'node', 'exec', 'trust', 'cli']
}

const LINES_MAX = 400

interface Source {
  readonly path: string
  readonly folder: string
  readonly text: string
  readonly imports: readonly string[]
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

function sourceOf(path: string): Source {
  const text = readFileSync(path, 'utf8')
  const folder = relative(SRC, path).split('/')[0] ?? ''
  const pattern = /(?:\bfrom\s+|^import\s+|\bimport\()'([^']+)'/gm
  return { path, folder, text, imports: [...text.matchAll(pattern)].map(([, name]) => name ?? '') }
}

describe('tidy', () => {
  const sources = filesBelow(SRC).map(sourceOf)
  const name = (path: string): string => relative(ROOT, path)

  it('every folder imports only what stands below it', () => {
    const wrong = sources.flatMap(({ path, folder, imports }) =>
      imports
        .filter((target) => target.startsWith('.'))
        .map((target) => relative(SRC, resolve(dirname(path), target)).split('/')[0] ?? '')
        .filter((target) => target !== folder && MAY_IMPORT[folder]?.includes(target) !== true)
        .map((target) => `${name(path)} imports ${target}`)
    )
    expect(wrong).to.deep.equal([])
  })

  it('every package is imported by its own folder only', () => {
    const wrong = sources.flatMap(({ path, folder, imports }) =>
      imports
        .filter((target) => !target.startsWith('.') && !target.startsWith('node:'))
        .filter((target) => {
          const known = Object.keys(PACKAGES).find((each) => target.startsWith(each))
          return known === undefined || PACKAGES[known]?.includes(folder) !== true
        })
        .map((target) => `${name(path)} imports ${target}`)
    )
    expect(wrong).to.deep.equal([])
  })

  it('what runs in a child imports no package: its sandbox has none', () => {
    const byPath = new Map(sources.map((source) => [source.path, source]))
    const reached = new Set([join(SRC, 'exec/functions/child/child-main.ts')])
    const wrong: string[] = []
    for (const path of reached) {
      for (const target of byPath.get(path)?.imports ?? []) {
        if (target.startsWith('.')) reached.add(resolve(dirname(path), target))
        else if (!target.startsWith('node:')) wrong.push(`${name(path)} imports ${target}`)
      }
    }
    expect(reached.size).to.be.above(10)
    expect(wrong).to.deep.equal([])
  })

  it('the core imports nothing from outside', () => {
    const wrong = sources
      .filter(({ folder }) => folder === 'core')
      .filter(({ imports }) => imports.some((target) => !target.startsWith('.')))
    expect(wrong.map(({ path }) => name(path))).to.deep.equal([])
  })

  it('every dependency is used', () => {
    const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const used = new Set(sources.flatMap(({ imports }) => imports))
    const idle = Object.keys(dependencies).filter(
      (dependency) =>
        ![...used].some((each) => each === dependency || each.startsWith(`${dependency}/`))
    )
    expect(idle).to.deep.equal([])
  })

  it(`no file is longer than ${LINES_MAX} lines`, () => {
    const long = [...sources, ...filesBelow(join(ROOT, 'test')).map(sourceOf)].filter(
      ({ text }) => text.split('\n').length > LINES_MAX
    )
    expect(long.map(({ path }) => name(path))).to.deep.equal([])
  })

  it('every file says what it is before anything else', () => {
    const silent = sources.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text))
    expect(silent.map(({ path }) => name(path))).to.deep.equal([])
  })

  it('no file is dead', () => {
    // Entries: of the package, of the program, of the processes that run tasks, and of threads.
    const entries = new Set([
      ...['src/index.ts', 'src/cli/bin.ts', 'src/exec/spawner-main.ts'],
      ...['src/journal/thread-main.ts', 'src/journal/manager-thread.ts'],
      ...['src/exec/functions/launcher-main.ts', 'src/exec/functions/child/child-main.ts']
    ])
    const imported = new Set(
      sources.flatMap(({ path, imports }) =>
        imports
          .filter((target) => target.startsWith('.'))
          .map((target) => name(resolve(dirname(path), target)))
      )
    )
    const dead = sources
      .map(({ path }) => name(path))
      .filter((path) => !imported.has(path) && !entries.has(path))
      // The first is imported by a computed name, the second by tests only.
      .filter((path) => !['src/cli/main.ts', 'src/core/invariants.ts'].includes(path))
    expect(dead).to.deep.equal([])
  })

  it('nothing is left unfinished, silenced or waited for by the clock', () => {
    const marks = [
      ['TO', 'DO'].join(''),
      ['FIX', 'ME'].join(''),
      ['@ts', 'ignore'].join('-'),
      ['@ts', 'nocheck'].join('-'),
      ['describe', 'only('].join('.'),
      ['it', 'only('].join('.')
    ]
    const wrong = [...sources, ...filesBelow(join(ROOT, 'test')).map(sourceOf)]
      .filter(({ text }) => marks.some((mark) => text.includes(mark)))
      .map(({ path }) => name(path))
    expect(wrong).to.deep.equal([])
  })
})
