/**
 * Jobs with waiting tasks, in the order in which they are served: by priority, among equals by who
 * submitted them (whoever has the fewest tasks in hand first), and of one submitter by age.
 *
 * However many jobs wait, looking for the next one costs as much as there are submitters, up to a
 * bound: beyond it, who was served last comes last, so that everybody has a turn.
 */
import type { Job } from '../job.ts'
import { SUBMITTERS_LOOK_MAX } from '../limits.ts'
import type { Submitter } from './submitter.ts'

interface Band {
  readonly priority: number
  /** The jobs of each submitter, in the order of their ids. */
  readonly shares: Map<Submitter, Job[]>
}

export class Backlog {
  /** The highest priority first. */
  readonly #bands: Band[] = []

  get isEmpty(): boolean {
    return this.#bands.length === 0
  }

  /** Adds a job; false if it is there. */
  add(job: Job): boolean {
    const shares = this.#bandOf(job).shares
    const jobs = shares.get(job.submitter)
    if (jobs === undefined) {
      shares.set(job.submitter, [job])
      return true
    }
    const place = placeOf(jobs, job)
    if (jobs[place] === job) return false
    jobs.splice(place, 0, job)
    return true
  }

  remove(job: Job): void {
    const at = this.#placeOf(job.options.priority)
    const shares = this.#bands[at]?.shares
    const jobs = shares?.get(job.submitter)
    if (shares === undefined || jobs === undefined) return
    const place = placeOf(jobs, job)
    if (jobs[place] !== job) return
    jobs.splice(place, 1)
    if (jobs.length === 0) shares.delete(job.submitter)
    if (shares.size === 0) this.#bands.splice(at, 1)
  }

  has(job: Job): boolean {
    const band = this.#bands[this.#placeOf(job.options.priority)]
    const jobs =
      band?.priority === job.options.priority ? band.shares.get(job.submitter) : undefined
    return jobs?.[placeOf(jobs, job)] === job
  }

  /** The job to be served first, of those that pass. */
  first(passes: (job: Job) => boolean): Job | undefined {
    for (const { shares } of this.#bands) {
      let best: Job | undefined
      let looks = 0
      for (const [submitter, jobs] of shares) {
        if (best !== undefined && submitter.inHand > best.submitter.inHand) continue
        const job = jobs.find(passes)
        if (job !== undefined && (best === undefined || goesBefore(job, best))) best = job
        if (++looks === SUBMITTERS_LOOK_MAX) break
      }
      if (best !== undefined) return best
    }
    return undefined
  }

  /** To be called when a task of the job was taken. */
  noteServed({ submitter, options }: Job): void {
    const band = this.#bands[this.#placeOf(options.priority)]
    const jobs = band?.shares.get(submitter)
    if (band === undefined || jobs === undefined || band.shares.size === 1) return
    band.shares.delete(submitter)
    band.shares.set(submitter, jobs)
  }

  #bandOf({ options: { priority } }: Job): Band {
    const at = this.#placeOf(priority)
    const known = this.#bands[at]
    if (known?.priority === priority) return known
    const band = { priority, shares: new Map<Submitter, Job[]>() }
    this.#bands.splice(at, 0, band)
    return band
  }

  /** Where the band of the priority is, or belongs. */
  #placeOf(priority: number): number {
    return firstPlace(this.#bands, (band) => band.priority <= priority)
  }
}

/** Which of two jobs is served first. */
export function goesBefore(a: Job, b: Job): boolean {
  if (a.options.priority !== b.options.priority) return a.options.priority > b.options.priority
  const difference = a.submitter.inHand - b.submitter.inHand
  return difference === 0 ? a.id < b.id : difference < 0
}

function placeOf(jobs: readonly Job[], { id }: Job): number {
  return firstPlace(jobs, (other) => other.id >= id)
}

/** The first place from which on it is true; by halves. */
function firstPlace<Item>(items: readonly Item[], isTrue: (item: Item) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (isTrue(items[middle] as Item)) high = middle
    else low = middle + 1
  }
  return low
}
