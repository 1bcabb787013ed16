import { expect } from 'chai'
import type { JournalRecord } from '../../../src/core/master/journal.ts'
import type { BlobId, BlobRef, NodeId } from '../../../src/core/types.ts'
import { decodeInputs } from '../../../src/journal/encoding.ts'
import { decodeCommits, encodeCommits } from '../../../src/journal/entries.ts'
import { IS_HELD, IS_REPORT_DUE, NUMBERS_SHIFT } from '../../../src/journal/rows.ts'
import type { Entry } from '../../../src/journal/rows.ts'
import { decodeHead } from '../../../src/wire/codec.ts'
import { decodeSpec } from '../../../src/wire/spec.ts'
import * as a from '../../support/journals.ts'
import { SPEC } from '../../support/machines.ts'

const BLOB: BlobRef = { blob: 'ab'.repeat(32) as BlobId, bytes: 5_000_000 }

function entriesOf(...records: JournalRecord[]): Entry[] {
  const commits = decodeCommits(encodeCommits([{ entries: records, at: 7, isRefusable: false }]))
  expect(commits).to.have.length(1)
  return commits.flatMap(({ entries }) => entries)
}

function only<Type extends Entry['type']>(
  type: Type,
  ...records: JournalRecord[]
): Extract<Entry, { type: Type }> {
  const [entry] = entriesOf(...records)
  if (entry?.type !== type) throw new Error(`a ${String(entry?.type)} instead of a ${type}`)
  return entry as Extract<Entry, { type: Type }>
}

describe('what is posted to the thread of a journal', () => {
  it('keeps commits apart, in their order, with what is known of each', () => {
    const commits = [
      { entries: [a.submitted(1), a.added(1, 1, a.inputs(2))], at: 1, isRefusable: true },
      { entries: [], at: 2, isRefusable: false },
      { entries: [a.closed(1), a.ended(1)], at: 1_800_000_000_000, isRefusable: false }
    ]
    const read = decodeCommits(encodeCommits(commits))
    expect(
      read.map(({ entries, ...rest }) => ({ ...rest, types: entries.map(({ type }) => type) }))
    ).to.deep.equal([
      { at: 1, isRefusable: true, types: ['submitted', 'added'] },
      { at: 2, isRefusable: false, types: [] },
      { at: 1_800_000_000_000, isRefusable: false, types: ['closed', 'ended'] }
    ])
  })

  it('has a spec in the form that is on disk', () => {
    const { job, spec, options } = only('submitted', a.submitted(3, { priority: 9 }))
    expect(job).to.equal(3)
    expect(decodeSpec(spec)).to.deep.equal(SPEC)
    expect(JSON.parse(options)).to.deep.equal({ priority: 9, retries: 0 })
  })

  it('has inputs in rows of 1,024, and names their blobs', () => {
    const inputs = [...a.inputs(1_500), BLOB]
    const { rows, blobs } = only('added', a.added(1, 11, inputs))
    expect(rows.map(({ first, count }) => [first, count])).to.deep.equal([
      [11, 1_024],
      [1_035, 477]
    ])
    expect(rows.flatMap(decodeInputs)).to.deep.equal(inputs)
    expect(blobs).to.deep.equal([BLOB])
  })

  it('ends a row with the input that makes it large', () => {
    const { rows } = only('added', a.added(1, 1, a.inputs(9, 10_000)))
    expect(rows.map(({ count }) => count)).to.deep.equal([4, 4, 1])
  })

  it('tells workers apart, and that there was none', () => {
    const other = 'another' as NodeId
    const canceled = { ...a.settled(1, 3, 'canceled'), worker: undefined } as JournalRecord
    const entries = entriesOf(
      a.leased(1, [1, 2]),
      { type: 'leased', worker: other, attempts: [] },
      a.settled(1, 1),
      canceled
    )
    expect(entries.map((entry) => 'worker' in entry && entry.worker)).to.deep.equal([
      ...[a.WORKER, other, a.WORKER, null]
    ])
    const attempts = [1, 2].map((task) => ({ job: 1, task, attempt: 1 }))
    expect(entries[0]).to.deep.include({ attempts })
  })

  it('has a result as a head of its own, and names its blobs', () => {
    const record = a.settled(1, 2, 'failed', { exitCode: 3, stderr: BLOB })
    const { result, blobs, state, attempt } = only('settled', record)
    expect([state, attempt]).to.deep.equal([1, 1])
    expect(blobs).to.deep.equal([BLOB])
    const fields = decodeHead(result)
    expect(fields.integer()).to.equal(1)
    expect(fields.text(100)).to.be.a('string')
    expect(fields.integer()).to.equal(3)
  })

  it('counts what went wrong, and which numbers are used up', () => {
    const [setback, adopted] = entriesOf(
      a.setback(1, 2, 4, 'lost', { losses: 2, lastAttempt: 6 }),
      {
        ...(a.setback(1, 2) as Extract<JournalRecord, { type: 'setback' }>),
        ...{ type: 'adopted', worker: a.WORKER }
      }
    )
    expect(setback).to.include({ reason: 'lost', task: 2, attempt: 4 })
    expect(setback).to.include({ flags: IS_REPORT_DUE | (2 << NUMBERS_SHIFT) })
    expect(adopted).to.include({ type: 'adopted', flags: IS_HELD | IS_REPORT_DUE })
    if (setback?.type !== 'setback' || setback.wrongs === null) throw new Error('no wrongs')
    const fields = decodeHead(setback.wrongs)
    expect([fields.integer(), fields.integer(), fields.integer()]).to.deep.equal([0, 0, 2])
  })
})
