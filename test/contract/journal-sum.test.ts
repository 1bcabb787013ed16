/** Whatever a master writes down, the journal gives back what the ledger (its twin in memory) does. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { JournalRecord } from '../../src/core/master/journal.ts'
import type { NodeId } from '../../src/core/types.ts'
import * as a from '../support/journals.ts'
import { Journals, savedBy, sumOf } from '../support/journals.ts'
import { Ledger } from '../support/ledger.ts'

const END_STATES = ['finished', 'failed', 'canceled', 'aborted'] as const
const KINDS = ['submit', 'add', 'lease', 'setback', 'adopt', 'settle', 'close', 'end'] as const

interface Step {
  readonly kind: (typeof KINDS)[number]
  /** Which job, task and count, of those there are. */
  readonly pick: readonly [number, number, number]
  readonly wrongs: Partial<typeof a.noWrongs>
  /** What is done with the records so far, before this one. */
  readonly then: 'more' | 'commit' | 'repeat' | 'reopen'
}

interface MadeJob {
  readonly id: number
  tasks: number
  hasEnded: boolean
  readonly attempts: Map<number, number>
  readonly over: Set<number>
}

/** Turns steps into records that a master could write. */
class RecordMaker {
  readonly #jobs: MadeJob[] = []

  make({ kind, pick: [which, at, count], wrongs }: Step): JournalRecord | undefined {
    const made = this.#jobs[which % Math.max(1, this.#jobs.length)]
    if (kind === 'submit' || made === undefined) return this.#submit(count)
    if (made.hasEnded) return undefined
    const { id, attempts, over } = made
    if (kind === 'add') {
      made.tasks += count
      return a.added(id, made.tasks + 1 - count, a.inputs(count, count))
    }
    if (kind === 'close') return a.closed(id)
    if (kind === 'end') return over.size === made.tasks ? this.#end(made) : undefined
    const task = made.tasks === 0 ? 0 : (at % made.tasks) + 1
    const attempt = attempts.get(task) ?? 0
    if (task === 0 || over.has(task)) return undefined
    if (kind === 'settle') {
      over.add(task)
      return a.settled(id, task, END_STATES[at % 4], { runtimeMs: at }, attempt)
    }
    if (kind === 'lease') {
      attempts.set(task, attempt + 1)
      return a.leased(id, [task], attempt + 1)
    }
    if (attempt === 0) return undefined
    // Of two attempts the older one: as one of two, or as the one that is left.
    const isOlder = count > 1 && attempt > 1
    const numbers = count > 2 ? { lastAttempt: attempt } : {}
    const record = isOlder
      ? a.setback(id, task, attempt - 1, `reason ${count}`, { ...wrongs, ...numbers })
      : a.setback(id, task, attempt, `reason ${count}`, wrongs)
    if (isOlder && count < 3) return record
    return kind === 'setback' ? record : ({ ...record, type: 'adopted' } as JournalRecord)
  }

  #submit(count: number): JournalRecord {
    const id = this.#jobs.length + 1
    const over = new Set<number>()
    this.#jobs.push({ id, tasks: 0, hasEnded: false, attempts: new Map(), over })
    const after = [{ job: a.job(Math.max(1, id - count)), needs: 'any' as const }]
    const hedge = count === 2
    return a.submitted(id, id > count ? { after, hedge } : { hedge })
  }

  #end(made: MadeJob): JournalRecord {
    made.hasEnded = true
    return a.ended(made.id)
  }
}

const steps = fc.array(
  fc.record<Step>({
    kind: fc.constantFrom(...KINDS, 'add', 'lease', 'setback', 'settle'),
    pick: fc.tuple(fc.nat(3), fc.nat(12), fc.integer({ min: 1, max: 3 })),
    wrongs: fc.record({
      ...{ failures: fc.nat(2), crashes: fc.nat(2), losses: fc.nat(2), refusals: fc.nat(2) },
      ...{ isReportDue: fc.boolean(), countsLoss: fc.boolean() },
      avoids: fc.uniqueArray(fc.constantFrom('p' as NodeId, 'q' as NodeId))
    }),
    then: fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom('more' as const, 'commit' as const) },
      { weight: 3, arbitrary: fc.constant('repeat' as const) },
      { weight: 1, arbitrary: fc.constant('reopen' as const) }
    )
  }),
  { maxLength: 150, size: 'max' }
)

describe('journal and ledger', function () {
  this.timeout(120_000)
  let journals: Journals

  beforeEach(() => {
    journals = new Journals()
  })

  afterEach(async () => {
    await journals.end()
  })

  it('give back the same after the same records', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const path = journals.path()
        const ledger = new Ledger()
        const maker = new RecordMaker()
        let journal = await journals.open(path)
        let last: JournalRecord[] = []
        let records: JournalRecord[] = []
        for (const step of list) {
          if (step.then === 'repeat') await journal.commit(last)
          if (step.then !== 'more') {
            await journal.commit(records)
            last = records
            records = []
          }
          if (step.then === 'reopen') {
            await journal.close()
            journal = await journals.open(path)
            expect(sumOf(await savedBy(journal))).to.deep.equal(sumOf(ledger.saved()))
          }
          const record = maker.make(step)
          if (record === undefined) continue
          ledger.add(record)
          records.push(record)
        }
        await journal.commit(records)
        expect(sumOf(await savedBy(journal))).to.deep.equal(sumOf(ledger.saved()))
        await journal.close()
      }),
      { numRuns: 40 }
    )
  })
})
