/**
 * What esbuild says, told as refusals with a cure, and the bound on what it makes.
 */
import { resolve } from 'node:path'
import type { BuildFailure, Message, Metafile } from 'esbuild'
import type { P2pJobsError } from '../core/errors.ts'
import { BUNDLE_BYTES_MAX } from '../core/limits.ts'
import type { BuildOutput } from './esbuild.ts'
import { isPackaged } from './inputs.ts'
import { refusal } from './refusal.ts'

/** Packages whose only purpose is to find a native addon. */
const ADDON_FINDERS =
  /(?:^|[/\\])node_modules[/\\](bindings|node-gyp-build|node-gyp-build-optional-packages|@mapbox[/\\]node-pre-gyp)[/\\]/

/** The refusal for sources that cannot be bundled. */
export function refusalOf(failure: BuildFailure, root: string, path: string): P2pJobsError {
  const [first] = failure.errors
  const problem = first === undefined ? failure.message : problemOf(first, root)
  return refusal(path, problem, { cause: failure })
}

/** Throws if the bundle is longer than a worker takes. */
export function refuseOversize(
  bytes: Uint8Array,
  outputs: Metafile['outputs'],
  path: string
): void {
  if (bytes.length <= BUNDLE_BYTES_MAX) return
  const largest = Object.values(outputs)
    .flatMap(({ inputs }) => Object.entries(inputs))
    .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
    .slice(0, 3)
    .map(([input, { bytesInOutput }]) => `${input} (${mebibytes(bytesInOutput)})`)
  throw refusal(
    path,
    `its bundle has ${mebibytes(bytes.length)}, more than ${mebibytes(BUNDLE_BYTES_MAX)}: ` +
      `the most is from ${largest.join(', ')}: pass data as arguments`
  )
}

/** What is worth telling although the bundle was made. */
export function warningsOf({ warnings, metafile }: BuildOutput, root: string): string[] {
  const finders = Object.keys(metafile.inputs).map((input) => ADDON_FINDERS.exec(input)?.[1])
  return [
    ...warnings
      .filter((warning) => isOwn(warning))
      .map((warning) => `${placeOf(warning, root)}: ${warning.text}`),
    ...[...new Set(finders)]
      .filter((finder) => finder !== undefined)
      .map((finder) => `${finder} looks for a native addon, which will not be there on a worker`)
  ]
}

function problemOf(message: Message, root: string): string {
  const place = message.location === null ? '' : `${placeOf(message, root)}: `
  const [, missing] = /^Could not resolve "(.*)"$/.exec(message.text) ?? []
  if (missing !== undefined) {
    const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(missing) ?? [missing]
    const cure = /^[./]/.test(missing) ? 'check the path' : `install it (npm install ${name})`
    return `${place}'${missing}' cannot be found: ${cure}`
  }
  const [, addon] = /^No loader is configured for "\.node" files: (.*)$/.exec(message.text) ?? []
  if (addon !== undefined) {
    return (
      `${place}the native addon ${addon} runs only where it was built: ` +
      'use a package without native code, or a shell task on machines that have it'
    )
  }
  return `${place}${message.text}`
}

/** True for problems in the user's own files: those of packages are not theirs to solve. */
export function isOwn({ location }: Message): boolean {
  return location !== null && !isPackaged(location.file)
}

/** `file:line:column`, as editors count. */
export function placeOf({ location }: Message, root: string): string {
  if (location === null) return root
  const before = Buffer.from(location.lineText).subarray(0, location.column).toString()
  return `${resolve(root, location.file)}:${location.line}:${before.length + 1}`
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
