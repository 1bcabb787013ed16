/**
 * Ends tasks with everything they started: TERM, time to finish, KILL, until nothing is left.
 *
 * The tree of a task is its shell's process group and every process with its cookie. It is looked
 * at again and again, because processes appear (the task's own may not even have started when
 * TERM is sent) and because the ones that clean up are to have their time.
 */
import { SHELL_RUN, canFindProcesses, findProcesses, sendSignal } from './processes.ts'
import type { FoundProcess } from './processes.ts'

/** The tree of one run. */
export interface Tree {
  readonly run: number
  /** The pid of the shell that leads the group; it is not itself part of the tree. */
  readonly group: number | undefined
  /** Whether the task's own process has ended. */
  hasEnded(): boolean
  /** Kills the whole group, its shell too. */
  killGroup(): void
  /** Called once, when nothing of the tree is left. */
  onGone(): void
}

interface Ending {
  readonly tree: Tree
  killAt: number
  readonly signalled: Set<string>
}

const LOOK_MIN_MS = 4
const LOOK_MAX_MS = 100
/** A killed process can hang in the kernel (a dead network disk): it is not waited for for ever. */
const KILL_WAIT_MS = 2_000

export class TreeEndings {
  readonly #owner: string
  readonly #onNotice: (text: string) => void
  readonly #endings = new Map<number, Ending>()
  #timer: NodeJS.Timeout | undefined
  #waitMs = LOOK_MIN_MS

  /** @param owner see FoundProcess */
  constructor(owner: string, onNotice: (text: string) => void) {
    this.#owner = owner
    this.#onNotice = onNotice
  }

  /** Ends `tree` within `graceMs`; of several calls for a run the shortest time counts. */
  end(tree: Tree, graceMs: number): void {
    const killAt = performance.now() + graceMs
    const known = this.#endings.get(tree.run)
    if (known === undefined) this.#endings.set(tree.run, { tree, killAt, signalled: new Set() })
    else known.killAt = Math.min(known.killAt, killAt)
    // Where processes can be found, each gets its TERM once it has been seen.
    if (!canFindProcesses && tree.group !== undefined && graceMs > 0) {
      sendSignal(-tree.group, 'SIGTERM')
    }
    this.#waitMs = LOOK_MIN_MS
    this.#lookIn(0)
  }

  #lookIn(waitMs: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), waitMs)
  }

  #look(): void {
    const found = findProcesses()
    for (const [run, ending] of [...this.#endings]) {
      const members = found.filter((each) => this.#isMember(ending.tree, each))
      if (!this.#goOn(ending, members)) continue
      this.#endings.delete(run)
      ending.tree.onGone()
    }
    if (this.#endings.size === 0) return
    this.#lookIn(this.#waitMs)
    this.#waitMs = Math.min(this.#waitMs * 2, LOOK_MAX_MS)
  }

  #isMember(tree: Tree, found: FoundProcess): boolean {
    if (found.pid === tree.group) return false
    return found.group === tree.group || (found.owner === this.#owner && found.run === tree.run)
  }

  /** One step of an ending; true if it is over. */
  #goOn({ tree, killAt, signalled }: Ending, members: readonly FoundProcess[]): boolean {
    const lateMs = performance.now() - killAt
    if (tree.hasEnded() && members.length === 0) {
      // Without /proc nobody can tell what is left in the group.
      if (!canFindProcesses) tree.killGroup()
      return true
    }
    if (lateMs < 0) {
      this.#terminate(members, signalled)
      return false
    }
    tree.killGroup()
    for (const { pid } of members) sendSignal(pid, 'SIGKILL')
    if (lateMs < KILL_WAIT_MS || !tree.hasEnded()) return false
    const pids = members.map(({ pid }) => pid).join(', ')
    this.#onNotice(
      `processes of a task could not be ended: ${pids}; see what holds them and end them by hand`
    )
    return true
  }

  /** TERM once for each process, and again for one that was seen before it became its program. */
  #terminate(members: readonly FoundProcess[], signalled: Set<string>): void {
    for (const { pid, run } of members) {
      const key = `${pid}/${run}`
      if (signalled.has(key)) continue
      signalled.add(key)
      sendSignal(pid, 'SIGTERM')
    }
  }
}

/** The leftovers of tasks that have ended: everything of `owner` but its shells and `isRunning`. */
export function isLeftover(
  found: FoundProcess,
  owner: string,
  isRunning: (run: number) => boolean
): boolean {
  return found.owner === owner && found.run !== SHELL_RUN && !isRunning(found.run)
}
