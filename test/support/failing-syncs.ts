/** A disk whose fsync fails, for one process and as long as one likes: strace answers in its place. */
import { spawn } from 'node:child_process'
import { LineProcess } from './line-process.ts'

const SYNCS = 'fsync,fdatasync'
const WORDS = ['-f', '-o', '/dev/null', '-e', `trace=${SYNCS}`, '-e', `inject=${SYNCS}:error=EIO`]

export class FailingSyncs {
  readonly #strace: LineProcess

  /** From when this resolves, each fsync of all threads of that process fails. */
  static async of(pid: number): Promise<FailingSyncs> {
    const words = [...WORDS, '-p', String(pid)]
    const strace = new LineProcess(spawn('strace', words, { stdio: 'pipe' }))
    await strace.stderrMatch(/attached/)
    return new FailingSyncs(strace)
  }

  private constructor(strace: LineProcess) {
    this.#strace = strace
  }

  /** From when this resolves, they do what they should again. */
  async end(): Promise<void> {
    await this.#strace.stop()
  }
}

/** For a mocha `before`: skips the whole suite, saying why, where strace may not do that. */
export async function skipWithoutStrace(context: Mocha.Context): Promise<void> {
  const traced = new LineProcess(spawn('sleep', ['1000'], { stdio: 'pipe' }))
  try {
    await (await FailingSyncs.of(traced.pid)).end()
  } catch (error) {
    console.error(`skipped: needs strace, and leave to trace (${String(error)})`)
    context.skip()
  } finally {
    await traced.stop()
  }
}
