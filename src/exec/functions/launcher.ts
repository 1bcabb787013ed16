/**
 * Starts children and ends them with everything they started: the inside of the launcher process.
 *
 * The pipes to a child are handed to the node, which talks to it directly.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { toError } from '../../core/errors.ts'
import { COOKIE_NAME, findProcesses, killProcesses, sendSignal } from '../processes.ts'
import type { FoundProcess } from '../processes.ts'
import { CHANNEL } from './child-messages.ts'
import type { Death, LauncherEvent, LauncherRequest } from './launcher-messages.ts'
import { MemoryWatch } from './memory-watch.ts'

/** Enough for the stacks that Node prints behind the line that says why. */
const LAST_WORDS_CHARACTERS = 8_000
/** Something inherited the pipes of a child and holds them open: its last words are not waited for. */
const CLOSE_WAIT_MS = 1_000
/** A killed process can hang in the kernel (a dead network disk): it is not waited for for ever. */
const TREE_WAIT_MS = 1_000
const PROBE_TIMEOUT_MS = 5_000
/** Children are counted from 1. */
const NO_CHILD = 0

type LaunchRequest = Extract<LauncherRequest, { type: 'launch' }>

export class Launcher {
  readonly #owner: string
  readonly #send: (event: LauncherEvent, pipe?: Socket) => void
  readonly #children = new Map<number, ChildProcess>()
  readonly #watch = new MemoryWatch((pid) => this.#onTooMuch(pid))
  readonly #overMemory = new Set<number>()

  /** @param owner the identity of this process */
  constructor(owner: string, send: (event: LauncherEvent, pipe?: Socket) => void) {
    this.#owner = owner
    this.#send = send
  }

  handle(request: Exclude<LauncherRequest, { type: 'close' }>): void {
    if (request.type === 'launch') this.#launch(request)
    else if (request.type === 'kill') this.#kill(request.child)
    else void this.#probe(request.commands)
  }

  /** Ends every child, at once; nothing is reported any more. */
  close(): void {
    this.#watch.stop()
    for (const child of this.#children.keys()) this.#kill(child)
    killProcesses(({ owner }) => owner === this.#owner)
  }

  #launch({ child, command, environment, directory, ledger, memoryBytesMax }: LaunchRequest): void {
    const [program = '', ...args] = command
    let words = ''
    const hear = (text: string): void => {
      words = `${words}${text}`.slice(-LAST_WORDS_CHARACTERS)
    }
    let process: ChildProcess
    try {
      process = spawnChild(program, args, directory, ledger, {
        ...(environment ?? globalThis.process.env),
        ...this.#cookie(child)
      })
    } catch (error) {
      const lastWords = toError(error).message
      this.#send({ type: 'died', child, lastWords, isOverMemory: false })
      return
    }
    this.#children.set(child, process)
    for (const output of [process.stdout, process.stderr])
      output?.setEncoding('utf8').on('data', hear)
    process.on('error', (error) => hear(error.message))
    void endOf(process).then(async (end) => {
      await this.#endTree(child, process)
      const isOverMemory = this.#overMemory.delete(child)
      this.#send({ type: 'died', child, ...end, lastWords: words, isOverMemory })
    })
    this.#handOver(child, process)
    if (memoryBytesMax !== undefined && process.pid !== undefined) {
      this.#watch.add(process.pid, memoryBytesMax)
    }
  }

  /** What a process of that child is found by. */
  #cookie(child: number): NodeJS.ProcessEnv {
    return { [COOKIE_NAME]: `${this.#owner}/${child}` }
  }

  #handOver(child: number, { pid, stdio }: ChildProcess): void {
    if (pid === undefined) return
    const [tasks, results] = [stdio[CHANNEL.tasks], stdio[CHANNEL.results]]
    this.#send({ type: 'pipe', child, pid, pipe: 'tasks' }, tasks as Socket)
    this.#send({ type: 'pipe', child, pid, pipe: 'results' }, results as Socket)
  }

  #onTooMuch(pid: number): void {
    for (const [child, process] of this.#children) {
      if (process.pid !== pid) continue
      this.#overMemory.add(child)
      this.#kill(child)
    }
  }

  #kill(child: number): void {
    const pid = this.#children.get(child)?.pid
    if (pid !== undefined) sendSignal(-pid, 'SIGKILL')
  }

  /** Whatever a child has started ends with it. */
  async #endTree(child: number, { pid }: ChildProcess): Promise<void> {
    this.#children.delete(child)
    if (pid === undefined) return
    this.#watch.remove(pid)
    const isOfTree = ({ group, owner, run }: FoundProcess): boolean =>
      group === pid || (owner === this.#owner && run === child)
    // Where processes cannot be looked up, the group is all that can be reached.
    sendSignal(-pid, 'SIGKILL')
    for (let waitMs = 1; waitMs < TREE_WAIT_MS; waitMs *= 2) {
      const left = findProcesses().filter(isOfTree)
      if (left.length === 0) return
      for (const process of left) sendSignal(process.pid, 'SIGKILL')
      await setTimeout(waitMs)
    }
  }

  async #probe(commands: readonly (readonly string[])[]): Promise<void> {
    let why = ''
    for (const [index, command] of commands.entries()) {
      const said = await tryCommand(command, { ...process.env, ...this.#cookie(NO_CHILD) })
      if (said === undefined) {
        this.#send({ type: 'probed', works: index, why: '' })
        return
      }
      why = said
    }
    this.#send({ type: 'probed', why })
  }
}

function spawnChild(
  program: string,
  args: readonly string[],
  directory: string,
  ledger: string,
  environment: NodeJS.ProcessEnv
): ChildProcess {
  const fd = openSync(ledger, 'r+')
  try {
    return spawn(program, args, {
      // Its own group, to be ended as a whole.
      detached: true,
      cwd: directory,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', fd]
    })
  } finally {
    closeSync(fd)
  }
}

/** Resolves when a process has ended and its last words have come. */
async function endOf(process: ChildProcess): Promise<Pick<Death, 'exitCode' | 'signal'>> {
  // `close` would wait for the pipes that were handed over.
  const heard = [process.stdout, process.stderr].map(closed)
  try {
    const [code, signal] = (await once(process, 'exit')) as [number | null, string | null]
    await Promise.race([Promise.all(heard), setTimeout(CLOSE_WAIT_MS, undefined, { ref: false })])
    return { ...(code === null ? {} : { exitCode: code }), ...(signal === null ? {} : { signal }) }
  } catch {
    // It could not be started: the error is among its last words.
    return {}
  }
}

function closed(stream: Readable | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null) resolve()
    else stream.once('close', resolve)
  })
}

/** Undefined if a command succeeds, else what it said. */
async function tryCommand(
  [program = '', ...args]: readonly string[],
  environment: NodeJS.ProcessEnv
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const child = spawn(program, args, {
    env: environment,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: PROBE_TIMEOUT_MS,
    killSignal: 'SIGKILL'
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-LAST_WORDS_CHARACTERS)
  })
  child.on('error', (error) => resolve(error.message))
  child.on('close', (code) =>
    resolve(code === 0 ? undefined : said.trim() || `exit status ${code ?? 'none'}`)
  )
  return await promise
}
