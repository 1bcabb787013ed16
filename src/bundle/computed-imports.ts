/**
 * Imports whose name is known only when they run: in the user's own modules they are refused,
 * for what they mean is not in the bundle. (Packages often have some that are never reached.)
 */
import { readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import type { Loader, Metafile, Plugin } from 'esbuild'
import { build as runEsbuild, isBuildFailure } from './esbuild.ts'
import type { BuildOutput } from './esbuild.ts'
import { isPackaged } from './inputs.ts'
import { isOwn, placeOf } from './problems.ts'
import { refusal } from './refusal.ts'

/** esbuild's names for them. */
const IDS = new Set(['unsupported-dynamic-import', 'unsupported-require-call'])
const PROBLEM =
  'an import whose name is computed cannot be bundled: write the name out, one import for each'

const LOADERS: Readonly<Record<string, Loader>> = {
  '.jsx': 'jsx',
  '.tsx': 'tsx',
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts'
}

/** Throws if a module of the user's own imports what is named only when it runs. */
export async function refuseComputedImports(
  { warnings, metafile }: BuildOutput,
  root: string,
  path: string
): Promise<void> {
  const computed = warnings.find((warning) => IDS.has(warning.id) && isOwn(warning))
  if (computed !== undefined) {
    throw refusal(path, `${placeOf(computed, root)}: ${PROBLEM}`)
  }
  // esbuild reads import('./' + name) as every file below ./, the program's entry among them.
  const inputs = Object.entries(metafile.inputs).filter(([input]) => !isPackaged(input))
  for (const [input, { imports }] of inputs) {
    if (!imports.some(isPattern)) continue
    throw refusal(path, `${await placeOfPattern(join(root, input))}: ${PROBLEM}`)
  }
}

/** esbuild notes a set of files as if it were one outside the bundle. */
function isPattern({ path, external }: Metafile['inputs'][string]['imports'][number]): boolean {
  return external === true && /^\.{1,2}\/.*\*/.test(path)
}

/**
 * Where a module imports a pattern of files: esbuild tells only when it cannot look for them,
 * so it is given a folder that is none.
 */
async function placeOfPattern(file: string): Promise<string> {
  const loader = LOADERS[extname(file)] ?? 'js'
  const stdin = { contents: readFileSync(file, 'utf8'), loader, resolveDir: join(file, 'none') }
  try {
    await runEsbuild({ stdin, bundle: true, format: 'esm', plugins: [withoutImports] })
  } catch (error) {
    const [first] = isBuildFailure(error) ? error.errors : []
    if (first?.location != null) {
      return placeOf({ ...first, location: { ...first.location, file } }, dirname(file))
    }
  }
  return file
}

const withoutImports: Plugin = {
  name: 'no imports',
  setup(build) {
    build.onResolve({ filter: /./ }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path, external: true }
    )
  }
}
