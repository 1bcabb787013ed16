/**
 * Reads of live output at a worker: few at a time for each session, and only while what was sent
 * in it has left. Renewals and reports are never behind more of it than that, and of a master that
 * does not listen nothing piles up here.
 */
import { Queue } from '../core/queue.ts'
import type { NodeId } from '../core/types.ts'
import type { WorkerEffect } from '../core/worker/events.ts'
import type { Executor } from '../exec/executor.ts'
import type { Link } from './link.ts'

type Read = Extract<WorkerEffect, { type: 'read' }>

/** Answers of a session on their way at a time: about the length of a fast link. */
const UNDER_WAY_MAX = 4

export interface LiveReadsInit {
  /** The link of a session, while that is open. */
  linkOf(master: NodeId, session: number): Pick<Link<never, never>, 'flushed'> | undefined
  read: Executor['read']
  onRead(read: number, bytes: Uint8Array | undefined): void
}

interface SessionReads {
  readonly waiting: Queue<Read>
  underWay: number
}

export class LiveReads {
  readonly #init: LiveReadsInit
  readonly #sessions = new Map<number, SessionReads>()

  constructor(init: LiveReadsInit) {
    this.#init = init
  }

  /** Sessions with reads that have not ended. */
  get size(): number {
    return this.#sessions.size
  }

  /** Reads in its turn; of a session that has ended, nothing is read. */
  add(read: Read): void {
    const reads = this.#sessions.get(read.session) ?? { waiting: new Queue(), underWay: 0 }
    this.#sessions.set(read.session, reads)
    reads.waiting.push(read)
    this.#next(read.session, reads)
  }

  #next(session: number, reads: SessionReads): void {
    while (reads.underWay < UNDER_WAY_MAX) {
      const read = reads.waiting.shift()
      if (read === undefined) break
      reads.underWay++
      void this.#read(read).finally(() => {
        reads.underWay--
        this.#next(session, reads)
      })
    }
    if (reads.underWay === 0) this.#sessions.delete(session)
  }

  async #read({ master, session, read, run, stream, offset, bytesMax }: Read): Promise<void> {
    const link = this.#init.linkOf(master, session)
    if (link === undefined) return
    const hasLeft = await link.flushed().then(
      () => true,
      () => false
    )
    // Then the session is over, and nobody is to be answered any more.
    if (!hasLeft) return
    const bytes = await this.#init.read(run, { stream, offset, bytesMax })
    this.#init.onRead(read, bytes)
  }
}
