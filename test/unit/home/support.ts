/**
 * A home in a temporary folder for each test, and processes that outlive nothing: both are gone
 * when the test is.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import { openHome } from '../../../src/home/home.ts'
import type { HomeFolders } from '../../../src/home/home.ts'

export interface TestHome {
  /** The folders of this test's home, made and open. */
  readonly home: () => HomeFolders
  /** Runs a module's text, which sees `home` and `src` (a URL), in a process of its own. */
  readonly startHelper: (code: string) => Helper
}

/** A new home for each test; it and the processes started in it are gone when the test is. */
export function useHome(): TestHome {
  let folder = ''
  const helpers: Helper[] = []
  const home = (): HomeFolders =>
    openHome({ config: join(folder, 'config'), data: join(folder, 'data') })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-home-'))
  })
  afterEach(async () => {
    await Promise.all(helpers.splice(0).map((helper) => helper.kill()))
    rmSync(folder, { recursive: true, force: true })
  })
  const startHelper = (code: string): Helper => {
    const helper = spawnHelper(home(), code)
    helpers.push(helper)
    return helper
  }
  return { home, startHelper }
}

/** The code and message of what `work` throws. */
export function failureOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    const failure = operatingErrorOf(error)
    if (failure !== undefined) return `${failure.code}: ${failure.message}`
    throw error
  }
  return 'nothing was thrown'
}

export interface Helper {
  readonly child: ChildProcess
  /** The next line it prints; rejects when it ends without one. */
  nextLine(): Promise<string>
  /** Ends it without a chance to tidy up, and waits until it is gone. */
  kill(): Promise<void>
}

function spawnHelper(home: HomeFolders, code: string): Helper {
  const src = new URL('../../../src/', import.meta.url).href
  const prelude = `const home = ${JSON.stringify(home)}; const src = ${JSON.stringify(src)};`
  const child = spawn(process.execPath, ['--input-type=module', '-e', prelude + code], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    nextLine: async () => {
      const line = await lines.next()
      if (line.done === true) throw new Error('the helper ended without a line')
      return line.value
    },
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    }
  }
}
