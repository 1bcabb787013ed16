/**
 * Starts the processes that run functions, and buries them: between the executor and its launcher.
 */
import { rm } from 'node:fs/promises'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { toError } from '../../core/errors.ts'
import { COOKIE_NAME, identityOf, killProcesses } from '../processes.ts'
import { Child } from './child.ts'
import type { ChildEvents } from './child.ts'
import { LauncherLink } from './launcher-link.ts'
import type { Death } from './launcher-messages.ts'
import { INSIDE, childCommand } from './sandbox.ts'
import type { Hardening } from './sandbox.ts'
import type { OpenManager } from './relay.ts'

const MIB = 1024 * 1024
/** All that a child sees of the worker's environment. */
const PASSED_ON = ['LANG', 'TZ']
const PATH_INSIDE = '/usr/local/bin:/usr/bin:/bin'
/** No system is so busy that starting one takes longer. */
const START_MS_MAX = 60_000
/** How long a child that has nothing to do may take to end by itself. */
const RETIRE_MS = 1_000

/** Tells the files of one process's executors apart. */
let made = 0

export interface ChildrenEvents extends Omit<ChildEvents, 'onSilent' | 'onLeaving'> {
  /** It is gone, with everything it had started. */
  onGone(child: Child, death: Death): void
  /** The launcher is gone, and with it every child; of those that had tasks nobody is to blame. */
  onLost(children: readonly Child[], why: string, wasReady: boolean): void
}

export interface ChildrenInit {
  /** An existing folder, for executors only; what dead ones left in it is removed. */
  readonly folder: string
  /** What the node has on disk, `folder` included: helpers remove it when the node is gone. */
  readonly remains?: string | undefined
  /** How tasks reach managers of shared objects; they cannot, without it. */
  readonly openManager?: OpenManager | undefined
}

interface Watched {
  readonly child: Child
  isSilent: boolean
  death: Death | undefined
  /** Kills it if it does not start, or does not end, in time. */
  timer: NodeJS.Timeout
}

export class Children {
  /** Undefined: they are not in a sandbox. */
  sandbox: Hardening | undefined
  /** What the names of all their files begin with. */
  readonly prefix: string
  readonly #events: ChildrenEvents
  readonly #init: ChildrenInit
  readonly #watched = new Map<number, Watched>()
  #launcher: LauncherLink | undefined
  #root = ''
  #launchers = 0
  #launched = 0
  #isClosing = false

  constructor(init: ChildrenInit, events: ChildrenEvents) {
    this.#init = init
    this.prefix = join(init.folder, `${identityOf(process.pid)}-functions-${++made}`)
    this.#events = events
  }

  get isSandboxed(): boolean {
    return this.sandbox !== undefined
  }

  /** What children have on disk. */
  get root(): string {
    return this.#root
  }

  /** The process that starts them; a new one if there is none. */
  get launcher(): LauncherLink {
    this.#launcher ??= this.#open()
    return this.#launcher
  }

  /** Starts a child. Throws if there is no room for its files. */
  launch(memoryBytesMax: number | undefined): Child {
    const { launcher, isSandboxed } = this
    const number = ++this.#launched
    const events = {
      ...this.#events,
      onReady: (ready: Child) => this.#onReady(ready),
      onLeaving: (leaving: Child) => this.kill(leaving),
      onSilent: (silent: Child) => this.#onSilent(silent)
    }
    const seen = isSandboxed ? INSIDE : undefined
    const child = new Child(number, this.#root, seen, events, this.#init.openManager)
    this.#watched.set(number, {
      child,
      isSilent: false,
      death: undefined,
      timer: setTimeout(() => this.kill(child), START_MS_MAX).unref()
    })
    const { folders } = child.shelf
    const cookie = `${launcher.owner}/${number}`
    const environment = environmentOf(isSandboxed ? INSIDE.job : folders.job, isSandboxed, cookie)
    launcher.send({
      type: 'launch',
      child: number,
      command: childCommand(this.sandbox, folders, environment, nodeFlags(memoryBytesMax)),
      directory: folders.job,
      ledger: child.ledgerPath,
      // What makes a sandbox has to be found first.
      ...(isSandboxed ? {} : { environment }),
      ...(memoryBytesMax === undefined ? {} : { memoryBytesMax })
    })
    return child
  }

  /** Ends a child that has nothing to do. */
  retire(child: Child): void {
    const watched = this.#watched.get(child.number)
    if (watched === undefined || child.state === 'leaving') return
    child.retire()
    clearTimeout(watched.timer)
    watched.timer = setTimeout(() => this.kill(child), RETIRE_MS).unref()
  }

  /** Ends a child and everything it started, at once. */
  kill(child: Child): void {
    child.state = 'leaving'
    this.#launcher?.send({ type: 'kill', child: child.number })
  }

  /** Ends them all; nothing is told any more. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#launcher?.close()
  }

  #open(): LauncherLink {
    this.#root = `${this.prefix}-${++this.#launchers}`
    mkdirSync(this.#root, { mode: 0o700 })
    return new LauncherLink(this.#root, this.#init.remains, {
      onPipes: (number, pid, tasks, results) => {
        const watched = this.#watched.get(number)
        if (watched !== undefined) {
          watched.child.attach(pid, tasks, results)
        } else {
          tasks.destroy()
          results.destroy()
        }
      },
      onDied: (number, death) => {
        const watched = this.#watched.get(number)
        if (watched === undefined) return
        watched.death = death
        if (!watched.child.isAttached) watched.isSilent = true
        this.#bury(watched)
      },
      onGone: (why) => this.#onLauncherGone(why)
    })
  }

  #onReady(child: Child): void {
    clearTimeout(this.#watched.get(child.number)?.timer)
    this.#events.onReady(child)
  }

  #onSilent({ number }: Child): void {
    const watched = this.#watched.get(number)
    if (watched === undefined) return
    watched.isSilent = true
    this.#bury(watched)
  }

  /** Once it is dead and all that it said has been heard. */
  #bury(watched: Watched): void {
    const { child, death, isSilent } = watched
    if (death === undefined || !isSilent) return
    this.#watched.delete(child.number)
    clearTimeout(watched.timer)
    this.#events.onGone(child, death)
    child.close()
    rm(child.shelf.root, { recursive: true, force: true, maxRetries: 3 }).catch(
      (error: unknown) => {
        this.#events.onNotice(`${toError(error).message}; remove the folder by hand`)
      }
    )
  }

  #onLauncherGone(why: string): void {
    const gone = this.#launcher
    this.#launcher = undefined
    if (gone?.isReady === true) killProcesses(({ owner }) => owner === gone.owner)
    rmSync(this.#root, { recursive: true, force: true, maxRetries: 3 })
    const lost = [...this.#watched.values()]
    this.#watched.clear()
    for (const { timer } of lost) clearTimeout(timer)
    const children = lost.map(({ child }) => child)
    if (!this.#isClosing) this.#events.onLost(children, why, gone?.isReady === true)
    for (const child of children) child.close()
  }
}

function nodeFlags(memoryBytesMax: number | undefined): string[] {
  // Errors name the lines of the user's own files.
  const flags = ['--enable-source-maps']
  if (memoryBytesMax === undefined) return flags
  // The old space alone would leave out the new one, which is large by default.
  return [...flags, `--max-heap-size=${Math.max(1, Math.floor(memoryBytesMax / MIB))}`]
}

function environmentOf(home: string, isSandboxed: boolean, cookie: string): Record<string, string> {
  const environment: Record<string, string> = { HOME: home, LANG: 'C.UTF-8', [COOKIE_NAME]: cookie }
  for (const name of PASSED_ON) {
    const value = process.env[name]
    if (value !== undefined) environment[name] = value
  }
  environment['PATH'] = isSandboxed ? PATH_INSIDE : (process.env['PATH'] ?? PATH_INSIDE)
  if (!isSandboxed) environment['TMPDIR'] = home
  return environment
}
