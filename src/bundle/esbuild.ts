/**
 * Runs esbuild: loaded at the first build, started again when its process was ended.
 *
 * It works in a process of its own, which a Ctrl-C in the terminal ends as well; without a new
 * start every later build in this process would fail.
 */
import type { BuildFailure, BuildOptions, BuildResult } from 'esbuild'
import { P2pJobsError, toError } from '../core/errors.ts'
import { BUILD_MS_MAX } from '../core/limits.ts'

/** The builds under way in esbuild's present process; a new set for each process. */
let underWay = new Set<(reason: Error) => void>()

/** What a build here always gives. */
export type BuildOutput = BuildResult<{ metafile: true; write: false }>

/** Builds; rejects with esbuild's own list of problems if the sources are at fault. */
export async function build(options: BuildOptions, msMax = BUILD_MS_MAX): Promise<BuildOutput> {
  try {
    return await buildOnce(options, msMax)
  } catch (error) {
    if (isBuildFailure(error) || error instanceof P2pJobsError) throw error
    return await buildOnce(options, msMax).catch((again: unknown) => {
      throw isBuildFailure(again) || again instanceof P2pJobsError ? again : failed(again)
    })
  }
}

/** True if the sources are at fault, not esbuild. */
export function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)
}

async function buildOnce(options: BuildOptions, msMax: number): Promise<BuildOutput> {
  const esbuild = await import('esbuild').catch((error: unknown) => {
    throw failed(error)
  })
  const ours = underWay
  const { promise, resolve, reject } = Promise.withResolvers<BuildOutput>()
  ours.add(reject)
  const timer = setTimeout(() => reject(late(msMax)), msMax)
  esbuild
    .build({ ...options, metafile: true, write: false, logLevel: 'silent' })
    .then(resolve, reject)
  try {
    return await promise
  } catch (error) {
    if (!isBuildFailure(error)) giveUp(esbuild, ours)
    throw error
  } finally {
    clearTimeout(timer)
    ours.delete(reject)
  }
}

/**
 * Ends the process that `ours` are built in, unless somebody did; the next build starts another.
 * esbuild itself leaves builds that are under way unanswered then.
 */
function giveUp(esbuild: typeof import('esbuild'), ours: typeof underWay): void {
  if (ours !== underWay) return
  underWay = new Set()
  for (const reject of ours) reject(new Error('its process was ended'))
  void esbuild.stop()
}

function late(msMax: number): P2pJobsError {
  return new P2pJobsError(
    'BUNDLER_FAILED',
    `bundling took more than ${msMax / 1000} s: see whether all files it imports can be read`
  )
}

function failed(cause: unknown): P2pJobsError {
  const [reason] = toError(cause).message.trim().split('\n')
  return new P2pJobsError(
    'BUNDLER_FAILED',
    `cannot run esbuild, which bundles functions: ${reason ?? 'unknown'}: install p2pjobs again ` +
      'on this machine, with its optional dependencies',
    { cause }
  )
}
