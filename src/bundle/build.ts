/**
 * A module and all it imports, as one file.
 *
 * The same sources give the same bytes, wherever their folder lies: paths in them are relative
 * to the package of the module. Built-in modules of Node are all that is left to import. Where
 * the map to the sources is not too long it is part of the file, so that stack traces name
 * `task:src/square.ts:3:9`.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BuildOptions, Metafile, Plugin } from 'esbuild'
import { SOURCE_MAP_BYTES_MAX } from '../core/limits.ts'
import type { BlobId } from '../core/types.ts'
import { build as runEsbuild, isBuildFailure } from './esbuild.ts'
import type { BuildOutput } from './esbuild.ts'
import { refuseComputedImports } from './computed-imports.ts'
import { isPackaged } from './inputs.ts'
import { LIBRARY_IN_BUNDLE } from './library.ts'
import { refusalOf, refuseOversize, warningsOf } from './problems.ts'
import { refuseEntry } from './source.ts'

/** One bundled module; never changes. */
export interface Build {
  readonly blob: BlobId
  readonly bytes: Uint8Array
  /** What the module exports; of a CommonJS module only `default` is known. */
  readonly exports: readonly string[]
  readonly isCommonJs: boolean
  /** The files it was made of. */
  readonly files: readonly string[]
  readonly warnings: readonly string[]
}

/** Where this library itself lies: `src` or `dist`. */
const LIBRARY_FOLDER = fileURLToPath(new URL('..', import.meta.url))

/** Bundles the module at `path`. */
export async function buildModule(path: string): Promise<Build> {
  const root = packageOf(path)
  const output = await runEsbuild(optionsFor(path, root)).catch((error: unknown) => {
    throw isBuildFailure(error) ? refusalOf(error, root, path) : error
  })
  await refuseComputedImports(output, root, path)
  const bytes = bytesOf(output)
  const { inputs, outputs } = output.metafile
  refuseOversize(bytes, outputs, path)
  const files = Object.keys(inputs)
    .map((input) => join(root, input))
    .filter((file) => existsSync(file))
  refuseEntry(path, files, (file) => importerOf(inputs, root, file))
  const entry = Object.values(outputs).find(({ entryPoint }) => entryPoint !== undefined)
  return {
    blob: blobIdOf(bytes),
    bytes,
    exports: entry?.exports ?? [],
    isCommonJs: inputs[entry?.entryPoint ?? '']?.format === 'cjs',
    files,
    warnings: warningsOf(output, root)
  }
}

/** A module that is complete as it stands. */
export function buildOfText(text: string): Build {
  const bytes = new TextEncoder().encode(text)
  refuseOversize(bytes, {}, 'this function')
  return {
    blob: blobIdOf(bytes),
    bytes,
    exports: ['default'],
    isCommonJs: false,
    files: [],
    warnings: []
  }
}

/** The name by which the network knows these bytes. */
function blobIdOf(bytes: Uint8Array): BlobId {
  return createHash('sha256').update(bytes).digest('hex') as BlobId
}

function optionsFor(path: string, root: string): BuildOptions {
  return {
    entryPoints: [path],
    absWorkingDir: root,
    outfile: join(root, 'task.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    charset: 'utf8',
    treeShaking: true,
    // Names of functions and classes are seen by users: in stack traces and as names of errors.
    keepNames: true,
    sourcemap: 'external',
    sourcesContent: false,
    sourceRoot: 'task:',
    // What CommonJS packages take for granted. The bundle is a file, so these have a meaning.
    banner: {
      js:
        "import { createRequire as __p2pjobsCreateRequire } from 'node:module'\n" +
        'const require = __p2pjobsCreateRequire(import.meta.url)'
    },
    define: { __dirname: 'import.meta.dirname', __filename: 'import.meta.filename' },
    logOverride: {
      'unsupported-dynamic-import': 'warning',
      'unsupported-require-call': 'warning',
      'indirect-require': 'warning'
    },
    logLimit: 0,
    plugins: [withoutLibrary]
  }
}

/** Leaves this library out. */
const withoutLibrary: Plugin = {
  name: 'p2pjobs',
  setup(build) {
    const library = { path: 'p2pjobs', namespace: 'p2pjobs' }
    build.onResolve({ filter: /^p2pjobs$/ }, () => library)
    build.onLoad({ filter: /./, namespace: 'p2pjobs' }, () => ({ contents: LIBRARY_IN_BUNDLE }))
    // Only beside a checkout of it are there modules that import it by its path.
    if (isPackaged(LIBRARY_FOLDER)) return
    build.onResolve({ filter: /^[./]/ }, ({ path, resolveDir, kind }) =>
      kind !== 'entry-point' && resolve(resolveDir, path).startsWith(LIBRARY_FOLDER)
        ? library
        : undefined
    )
  }
}

/** The bundle's bytes, with the map to its sources if that is not too long. */
function bytesOf({ outputFiles }: BuildOutput): Uint8Array {
  const code = outputFiles.find(({ path }) => path.endsWith('.mjs'))?.contents ?? new Uint8Array()
  const map = outputFiles.find(({ path }) => path.endsWith('.map'))?.contents
  if (map === undefined || map.length > SOURCE_MAP_BYTES_MAX) return code
  const data = Buffer.from(map).toString('base64')
  const comment = `//# sourceMappingURL=data:application/json;base64,${data}\n`
  return new Uint8Array(Buffer.concat([code, Buffer.from(comment)]))
}

/** The folder of the package that `path` belongs to, else its own folder. */
function packageOf(path: string): string {
  const parts = dirname(path).split(sep)
  for (let depth = parts.length; depth > 0; depth -= 1) {
    const folder = parts.slice(0, depth).join(sep) || sep
    if (existsSync(join(folder, 'package.json'))) return folder
  }
  return dirname(path)
}

function importerOf(inputs: Metafile['inputs'], root: string, file: string): string {
  const importer = Object.entries(inputs).find(([, { imports }]) =>
    imports.some(({ path }) => join(root, path) === file)
  )
  return importer === undefined ? file : join(root, importer[0])
}
