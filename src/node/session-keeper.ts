/**
 * Keeps one session open with every master in reach: opened on whatever connection there is, and
 * opened again, after a short wait, whenever it ends.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { P2pJobsError, toError } from '../core/errors.ts'
import type { NodeId } from '../core/types.ts'
import type { Network } from '../net/network.ts'
import { workerEnd } from '../wire/session.ts'
import { monotonicNow } from './clock.ts'
import { streamLink, watchedLink } from './link.ts'
import type { ObtainBlob } from './link.ts'
import type { WorkerRole } from './worker-role.ts'

const WAIT_MIN_MS = 100
const WAIT_MAX_MS = 5_000
/** A session that lived this long was a good one: the next is opened at once. */
const GOOD_SESSION_MS = 2_000

export interface SessionKeeperInit {
  readonly network: Pick<Network, 'openWork'>
  readonly worker: Pick<WorkerRole, 'serve'>
  /** How a master is asked for blobs. */
  obtainBlob(master: NodeId): ObtainBlob
  /** A session has ended. */
  onClosed(master: NodeId, error: Error | undefined): void
  /** Something a person should know, in one line. */
  onProblem(text: string): void
}

export class SessionKeeper {
  readonly #init: SessionKeeperInit
  readonly #kept = new Map<NodeId, { epoch: string; stop: AbortController }>()

  constructor(init: SessionKeeperInit) {
    this.#init = init
  }

  /** A connection to this master is ready. */
  keep(master: NodeId, epoch: string): void {
    const kept = this.#kept.get(master)
    if (kept?.epoch === epoch) return
    kept?.stop.abort()
    const stop = new AbortController()
    this.#kept.set(master, { epoch, stop })
    void this.#serve(master, epoch, stop.signal)
  }

  /** There is no connection to it any more. */
  forget(master: NodeId): void {
    this.#kept.get(master)?.stop.abort()
    this.#kept.delete(master)
  }

  stop(): void {
    for (const master of [...this.#kept.keys()]) this.forget(master)
  }

  async #serve(master: NodeId, epoch: string, signal: AbortSignal): Promise<void> {
    let wait = WAIT_MIN_MS
    while (!signal.aborted) {
      const since = monotonicNow()
      try {
        // Who has said goodbye does not come again, until there is another connection.
        if (await this.#serveOnce(master, epoch, signal)) return
      } catch (error) {
        this.#onFailed(master, toError(error), signal)
      }
      const wasGood = monotonicNow() - since > GOOD_SESSION_MS
      wait = wasGood ? WAIT_MIN_MS : Math.min(WAIT_MAX_MS, wait * 2)
      // Ended early by `forget`: that is what the signal is for.
      await delay(wait / 2 + Math.random() * (wait / 2), undefined, { signal }).catch(
        () => undefined
      )
    }
  }

  #onFailed(master: NodeId, { message }: Error, { aborted }: AbortSignal): void {
    // A master that is not there any more is no problem.
    if (!aborted) this.#init.onProblem(`no session with ${master}: ${message}`)
  }

  /** One session, from its beginning to its end; true when the worker has said goodbye. */
  async #serveOnce(master: NodeId, epoch: string, signal: AbortSignal): Promise<boolean> {
    const { network, worker } = this.#init
    const stream = await network.openWork(master)
    if (signal.aborted) {
      // A session of another epoch may be open by now, which this one would replace.
      stream.abort(new P2pJobsError('STOPPED', 'the session is not needed any more'))
      return false
    }
    const link = watchedLink(streamLink(stream, workerEnd), (error) => {
      this.#init.onClosed(master, error)
    })
    return await worker.serve(master, epoch, link, this.#init.obtainBlob(master))
  }
}
