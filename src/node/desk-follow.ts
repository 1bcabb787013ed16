/**
 * Following jobs: results as they are recorded, and ends as they come.
 *
 * A follower reads results from the journal at its own pace, and is only told that there are more:
 * one that is slow holds nothing back, and misses none.
 */
import type { MasterNotice } from '../core/master/events.ts'
import { NOTICES_WAITING_MAX } from '../core/limits.ts'
import { Queue } from '../core/queue.ts'
import type { JobId } from '../core/types.ts'
import type { Item, Request, ToldNotice } from '../control/messages.ts'
import type { DeskJobs } from './desk.ts'
import type { DeskViews } from './desk-views.ts'

/** Results read at a time: each may hold three payloads of 256 KiB. */
const PAGE = 64

type ResultsRequest = Extract<Request, { type: 'results' }>

/** Results behind a place, and those to come where they are wanted. Throws NOT_FOUND. */
export async function* followResults(
  jobs: DeskJobs,
  views: DeskViews,
  request: ResultsRequest,
  signal: AbortSignal
): AsyncGenerator<Item, void, undefined> {
  const { job, isFollowing, hasInputs } = request
  let { place } = request
  // From now on nothing is missed, however long the journal takes to answer.
  const news = new News(jobs, request, signal)
  try {
    let record = await views.record(job)
    while (!signal.aborted) {
      news.forget()
      const page = await jobs.journal.results(job, place, PAGE)
      for (const notice of news.takeNotices()) yield { type: 'notice', notice }
      for (const result of await views.resultViews(job, page, hasInputs)) {
        place = result.place
        yield { type: 'result', result }
      }
      if (page.length > 0) continue
      if (!isFollowing) return
      if (record.endedAt !== undefined) {
        yield { type: 'job', job: views.jobView(record) }
        return
      }
      record = await views.record(job)
      // What was recorded before its end may have come after the last look.
      if (record.endedAt === undefined) await news.wait()
    }
  } finally {
    news.stop()
  }
}

/** Each job once it has ended; those that have already come first. */
export async function* waitForEnds(
  jobs: DeskJobs,
  views: DeskViews,
  ids: readonly JobId[],
  signal: AbortSignal
): AsyncGenerator<Item, void, undefined> {
  const open = new Set(ids)
  let ended: JobId[] = []
  const bell = new Bell(signal)
  const unwatch = jobs.watch((notice) => {
    if (notice.type !== 'ended' || !open.has(notice.job)) return
    ended.push(notice.job)
    bell.ring()
  })
  try {
    let suspects: readonly JobId[] = ids
    while (open.size > 0 && !signal.aborted) {
      for (const job of suspects) {
        const record = open.has(job) ? await views.record(job) : undefined
        if (record?.endedAt === undefined) continue
        open.delete(job)
        yield { type: 'job', job: views.jobView(record) }
      }
      if (open.size > 0 && ended.length === 0) await bell.wait()
      suspects = ended
      ended = []
    }
  } finally {
    unwatch()
  }
}

/** Something to wait for: rings that come before the wait count, too. */
class Bell {
  readonly #signal: AbortSignal
  #hasRung = false
  #wake: (() => void) | undefined

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.ring())
  }

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  forget(): void {
    this.#hasRung = false
  }

  async wait(): Promise<void> {
    while (!this.#hasRung && !this.#signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.#hasRung = false
  }
}

/** What happens to one job while its results are followed. */
class News {
  readonly #job: JobId
  readonly #hasNotices: boolean
  readonly #bell: Bell
  readonly #notices = new Queue<ToldNotice>()
  readonly stop: () => void

  constructor(jobs: DeskJobs, request: ResultsRequest, signal: AbortSignal) {
    this.#job = request.job
    this.#hasNotices = request.hasNotices
    this.#bell = new Bell(signal)
    if (this.#hasNotices) {
      for (const { id, name, slots, session } of jobs.state.workers.values()) {
        if (session !== undefined) this.#add({ type: 'joined', worker: id, name, slots })
      }
    }
    this.stop = jobs.watch((notice) => this.#onNotice(notice))
  }

  /** What has come so far is known. */
  forget(): void {
    this.#bell.forget()
  }

  wait(): Promise<void> {
    return this.#bell.wait()
  }

  *takeNotices(): Generator<ToldNotice, void, undefined> {
    for (let next = this.#notices.shift(); next !== undefined; next = this.#notices.shift()) {
      yield next
    }
  }

  #onNotice(notice: MasterNotice): void {
    if (notice.type === 'settled' || notice.type === 'ended') {
      if (notice.job === this.#job) this.#bell.ring()
      return
    }
    const told = this.#hasNotices ? this.#toldOf(notice) : undefined
    if (told !== undefined) this.#add(told)
  }

  /** One that does not keep up misses some: it is not the results. */
  #add(notice: ToldNotice): void {
    if (this.#notices.size >= NOTICES_WAITING_MAX) return
    this.#notices.push(notice)
    this.#bell.ring()
  }

  /** What of a notice is about this job, or about workers. */
  #toldOf(notice: Exclude<MasterNotice, { type: 'settled' | 'ended' }>): ToldNotice | undefined {
    switch (notice.type) {
      case 'dispatched':
      case 'started': {
        const attempts = notice.attempts.filter(({ job }) => job === this.#job)
        return attempts.length === 0 ? undefined : { ...notice, attempts }
      }
      case 'setback':
        return notice.job === this.#job ? notice : undefined
      case 'joined':
      case 'parted':
      case 'resting':
        return notice
      case 'progress':
        return undefined
    }
  }
}
