/**
 * Two pipes that serve one task at a time: its stdout and its stderr.
 */
import { OutputPipe } from './output-pipe.ts'

export const STREAMS = ['stdout', 'stderr'] as const
export type Stream = (typeof STREAMS)[number]

/** How long pipes that were there are trusted to be there still: cleaners take what is old. */
const TRUSTED_MS = 1_000

export class PipePair implements Readonly<Record<Stream, OutputPipe>> {
  readonly stdout: OutputPipe
  readonly stderr: OutputPipe
  isFree = true
  #seenAt = performance.now()

  /** @param paths named pipes */
  constructor(paths: Readonly<Record<Stream, string>>) {
    this.stdout = new OutputPipe(paths.stdout)
    this.stderr = new OutputPipe(paths.stderr)
  }

  /** Makes sure that both are there. To be called while the pair is free. */
  ensure(now: number): void {
    if (now - this.#seenAt < TRUSTED_MS) return
    this.#seenAt = now
    this.stdout.ensure()
    this.stderr.ensure()
  }
}
