/**
 * Where a pool's output and warnings go: what tasks print is shown as if they had run here.
 */
import type { OutputSink } from './dispatcher.ts'
import type { PoolOptions } from './options.ts'

/** Where what tasks print goes; undefined: nowhere. */
export function outputSink({ output = 'inherit' }: PoolOptions): OutputSink | undefined {
  if (output === 'ignore') return undefined
  if (output === 'inherit') return inherit
  return (stdout, stderr, worker) => output({ stdout, stderr, worker })
}

function inherit(stdout: Uint8Array, stderr: Uint8Array): void {
  if (stdout.length > 0) process.stdout.write(stdout)
  if (stderr.length > 0) process.stderr.write(stderr)
}

/** Where warnings go. */
export function warningSink({ onWarning }: PoolOptions): (line: string) => void {
  return onWarning ?? ((line) => void process.stderr.write(`p2pjobs: ${line}\n`))
}
