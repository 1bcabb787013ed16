/**
 * The process of a spawner, before it is told anything.
 *
 * It takes as long to start as everything else that a command line needs: whoever knows that there
 * will be commands to run starts one ahead.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import { extname } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'

export type SpawnerProcess = ChildProcessByStdio<Writable, Readable, Readable>

/** All that tasks see of the worker's environment. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR']
const MAIN = fileURLToPath(new URL(`./spawner-main${extname(import.meta.url)}`, import.meta.url))

let ahead: SpawnerProcess | undefined

/** The process that was started ahead, or a new one. Throws if the system gives us none. */
export function spawnerProcess(): SpawnerProcess {
  const process = ahead ?? start()
  ahead = undefined
  return process
}

/** Starts a process for the next who asks for one. */
export function startSpawnerAhead(): void {
  if (ahead !== undefined) return
  try {
    const started = start()
    const forget = (): void => {
      if (ahead === started) ahead = undefined
    }
    ahead = started.once('error', forget).once('exit', forget)
  } catch {
    // Whoever needs one tries again, and says what is wrong.
  }
}

/** Nobody will ask for the process that was started ahead. */
export function endSpawnerAhead(): void {
  ahead?.stdin.end()
  ahead = undefined
}

function start(): SpawnerProcess {
  return spawn(process.execPath, [MAIN], {
    // Its own session: the Ctrl-C of a terminal is for the node, which then ends it in order.
    detached: true,
    cwd: '/',
    env: passedOn(process.env),
    stdio: ['pipe', 'pipe', 'pipe']
  })
}

function passedOn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = PASSED_ON.map((name) => [name, environment[name]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}
