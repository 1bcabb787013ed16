/**
 * One launcher process, as the node sees it.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LastWords } from '../last-words.ts'
import { identityOf, leaveProcessAlone } from '../processes.ts'
import type { Death, LauncherEvent, LauncherRequest } from './launcher-messages.ts'

/** What programs are found with; children get an environment of their own. */
const PASSED_ON = ['PATH', 'LANG', 'TMPDIR']
/** No system is so busy that starting it takes longer. */
const START_MS_MAX = 60_000
/** It only kills and removes, so this is long. */
const CLOSE_WAIT_MS = 10_000
const MAIN = fileURLToPath(new URL(`./launcher-main${extname(import.meta.url)}`, import.meta.url))

type PipeEvent = Extract<LauncherEvent, { type: 'pipe' }>

export interface LauncherLinkEvents {
  /** A child has been started: its tasks go into the one pipe, results come out of the other. */
  onPipes(child: number, pid: number, tasks: Socket, results: Socket): void
  onDied(child: number, death: Death): void
  /** The launcher is gone, and no child is told of any more; `why` is one line. Called once. */
  onGone(why: string): void
}

export class LauncherLink {
  /** What its processes carry in their cookie. */
  readonly owner: string
  isReady = false
  readonly #process: ChildProcess
  readonly #events: LauncherLinkEvents
  readonly #pipes = new Map<number, Socket>()
  readonly #ready = Promise.withResolvers<undefined>()
  readonly #gone = Promise.withResolvers<undefined>()
  #probed: ((result: { works?: number; why: string }) => void) | undefined
  readonly #lastWords = new LastWords()

  /**
   * @param folder what children have on disk; the launcher removes it at its end
   * @param remains what it removes when this node is gone
   */
  constructor(folder: string, remains: string | undefined, events: LauncherLinkEvents) {
    this.#events = events
    const words = [MAIN, folder, ...(remains === undefined ? [] : [remains])]
    this.#process = spawn(process.execPath, words, {
      // Its own session: the Ctrl-C of a terminal is for the node, which then ends it in order.
      detached: true,
      cwd: '/',
      env: passedOn(process.env),
      // Nothing is written to its input, whose end is that of the node.
      stdio: ['pipe', 'ignore', 'pipe', 'ipc']
    })
    this.owner = identityOf(this.#process.pid ?? 0)
    leaveProcessAlone(this.#process)
    this.#process.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => this.#lastWords.add(text))
    this.#process.on('error', (error) => this.#lastWords.add(error.message))
    this.#process.on('message', (message, pipe) => {
      this.#onEvent(message as LauncherEvent, pipe as Socket | undefined)
    })
    this.#process.once('close', (code, signal) => {
      this.#onClose(
        `${signal ?? `exit status ${code ?? 'unknown'}`} ${this.#lastWords.line}`.trim()
      )
    })
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), START_MS_MAX).unref()
    this.#ready.promise.catch(() => undefined).finally(() => clearTimeout(timer))
  }

  /** Resolves when it is there. What is sent to it before that is done then. */
  get ready(): Promise<undefined> {
    return this.#ready.promise
  }

  send(request: LauncherRequest): void {
    // What cannot be sent any more is answered by the end of the process.
    if (this.#process.connected) this.#process.send(request, () => undefined)
  }

  /** Which of these commands is the first to succeed, or why none does. One call at a time. */
  async probe(commands: string[][]): Promise<{ works?: number; why: string }> {
    const { promise, resolve } = Promise.withResolvers<{ works?: number; why: string }>()
    this.#probed = resolve
    this.send({ type: 'probe', commands })
    return await promise
  }

  /** Resolves when the process is gone, and every child with it. */
  async close(): Promise<void> {
    this.send({ type: 'close' })
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), CLOSE_WAIT_MS)
    await this.#gone.promise
    clearTimeout(timer)
  }

  #onEvent(event: LauncherEvent, pipe: Socket | undefined): void {
    if (event.type === 'ready') {
      this.isReady = true
      this.#ready.resolve(undefined)
    } else if (event.type === 'died') {
      this.#pipes.delete(event.child)
      this.#events.onDied(event.child, event)
    } else if (event.type === 'probed') {
      this.#probed?.(event)
    } else if (pipe !== undefined) {
      this.#onPipe(event, pipe)
    }
  }

  #onPipe({ child, pid, pipe: name }: PipeEvent, pipe: Socket): void {
    if (name === 'tasks') {
      this.#pipes.set(child, pipe)
      return
    }
    const tasks = this.#pipes.get(child)
    this.#pipes.delete(child)
    if (tasks === undefined) pipe.destroy()
    else this.#events.onPipes(child, pid, tasks, pipe)
  }

  #onClose(why: string): void {
    for (const pipe of this.#pipes.values()) pipe.destroy()
    this.#ready.reject(new Error(why))
    this.#probed?.({ why })
    this.#events.onGone(why)
    this.#gone.resolve(undefined)
  }
}

function passedOn(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const entries = PASSED_ON.map((name) => [name, environment[name]] as const)
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined))
}
