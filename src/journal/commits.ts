/**
 * Commits on their way to the thread: those that wait while others are being written are done
 * together.
 */
import { toError } from '../core/errors.ts'
import type { Commit, Failure } from './rows.ts'
import { errorOf } from './thread-link.ts'

/** One transaction has so many entries and bytes at most, unless one commit has more. */
const GROUP_ENTRIES_MAX = 2_000
const GROUP_BYTES_MAX = 4 * 1024 * 1024
/** Transactions at the thread: one that is written, and one that it finds when that is done. */
const UNDER_WAY_MAX = 2

/** How the thread is asked, and what is known of an entry. */
export interface CommitsInit<Entry> {
  commit(commits: readonly Commit<Entry>[]): Promise<readonly (Failure | undefined)[]>
  /** It brings what can be refused. */
  isRefusable(entry: Entry): boolean
  bytesOf(entry: Entry): number
}

interface Waiting<Entry> {
  readonly commit: Commit<Entry>
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Commits<Entry> {
  readonly #init: CommitsInit<Entry>
  #waiting: Waiting<Entry>[] = []
  readonly #underWay = new Set<Promise<void>>()
  #isSending = false

  constructor(init: CommitsInit<Entry>) {
    this.#init = init
  }

  async add(entries: readonly Entry[]): Promise<void> {
    const isRefusable = entries.some((entry) => this.#init.isRefusable(entry))
    const commit = { entries, at: Date.now(), isRefusable }
    const bytes = entries.reduce((sum, entry) => sum + this.#init.bytesOf(entry), 0)
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ commit, bytes, resolve, reject })
      this.#sendSoon()
    })
  }

  /** Resolves when nothing waits and nothing is being written. */
  async settled(): Promise<void> {
    while (this.#waiting.length > 0 || this.#underWay.size > 0) {
      await Promise.all(this.#underWay)
    }
  }

  /** After the calls that are made now: what comes together goes together. */
  #sendSoon(): void {
    if (this.#isSending) return
    this.#isSending = true
    queueMicrotask(() => {
      this.#isSending = false
      while (this.#waiting.length > 0 && this.#underWay.size < UNDER_WAY_MAX) {
        const sent = this.#send(this.#takeGroup()).finally(() => {
          this.#underWay.delete(sent)
          this.#sendSoon()
        })
        this.#underWay.add(sent)
      }
    })
  }

  #takeGroup(): Waiting<Entry>[] {
    let entries = 0
    let bytes = 0
    const isBeyond = ({ commit, bytes: more }: Waiting<Entry>): boolean => {
      entries += commit.entries.length
      bytes += more
      return entries > GROUP_ENTRIES_MAX || bytes > GROUP_BYTES_MAX
    }
    const end = this.#waiting.findIndex((each, at) => isBeyond(each) && at > 0)
    return this.#waiting.splice(0, end === -1 ? Infinity : end)
  }

  async #send(group: readonly Waiting<Entry>[]): Promise<void> {
    try {
      const failures = await this.#init.commit(group.map(({ commit }) => commit))
      for (const [at, { resolve, reject }] of group.entries()) {
        const failure = failures[at]
        if (failure === undefined) resolve()
        else reject(errorOf(failure))
      }
    } catch (error) {
      for (const { reject } of group) reject(toError(error))
    }
  }
}
