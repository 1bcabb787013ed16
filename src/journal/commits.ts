/**
 * Commits on their way to the thread: those that wait while others are being written are done
 * together.
 */
import { toError } from '../core/errors.ts'
import type { JournalRecord } from '../core/master/journal.ts'
import { entryOf } from './encoding.ts'
import type { Commit, Entry } from './rows.ts'
import { errorOf } from './thread-link.ts'
import type { ThreadLink } from './thread-link.ts'

/** One transaction has so many entries and bytes at most, unless one commit has more. */
const GROUP_ENTRIES_MAX = 2_000
const GROUP_BYTES_MAX = 4 * 1024 * 1024
/** Transactions at the thread: one that is written, and one that it finds when that is done. */
const UNDER_WAY_MAX = 2

interface Waiting {
  readonly commit: Commit
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

export class Commits {
  readonly #link: ThreadLink
  #waiting: Waiting[] = []
  readonly #underWay = new Set<Promise<void>>()
  #isSending = false

  constructor(link: ThreadLink) {
    this.#link = link
  }

  async add(records: readonly JournalRecord[]): Promise<void> {
    const entries = records.map(entryOf)
    const isRefusable = entries.some(({ type }) => type === 'submitted' || type === 'added')
    const commit = { entries, at: Date.now(), isRefusable }
    const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0)
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

  #takeGroup(): Waiting[] {
    let entries = 0
    let bytes = 0
    const isBeyond = ({ commit, bytes: more }: Waiting): boolean => {
      entries += commit.entries.length
      bytes += more
      return entries > GROUP_ENTRIES_MAX || bytes > GROUP_BYTES_MAX
    }
    const end = this.#waiting.findIndex((each, at) => isBeyond(each) && at > 0)
    return this.#waiting.splice(0, end === -1 ? Infinity : end)
  }

  async #send(group: readonly Waiting[]): Promise<void> {
    try {
      const failures = await this.#link.ask(
        'commit',
        group.map(({ commit }) => commit)
      )
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

function bytesOf(entry: Entry): number {
  if (entry.type === 'added') return entry.rows.reduce((sum, { inputs }) => sum + inputs.length, 0)
  return entry.type === 'settled' ? entry.result.length : 0
}
