/** What the journal of a manager promises: rows that were committed are there, as they were last. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { Change, Row } from '../../src/core/manager/ledger.ts'
import type { SavedRow } from '../../src/core/manager/restore.ts'
import type { NodeId } from '../../src/core/types.ts'
import type { ManagerJournal } from '../../src/journal/manager-journal.ts'
import { openManagerJournal } from '../../src/journal/manager-journal.ts'
import { skipWithoutDisk, SmallDisk } from '../support/journal-processes.ts'
import { codeOfRejection } from '../support/code-of.ts'

const ROWS: readonly Row[] = [
  { type: 'queue', kind: 'joinableQueue', name: 'jobs', maxsize: 3, unfinished: 2 },
  {
    ...{ type: 'client', key: 'peer c.1', peer: 'peer' as NodeId, name: 'lab1' },
    ...{ received: 2 ** 40, answered: 7 }
  },
  { type: 'handle', client: 2, handle: 1, owner: 1, queue: 1 },
  { type: 'item', queue: 1, value: new Uint8Array([1, 2, 3]) },
  { type: 'item', queue: 1, value: new Uint8Array(0) },
  { type: 'lease', client: 2, item: 4 },
  {
    ...{ type: 'wait', client: 2, request: 9 },
    call: {
      ...{ handle: 1, op: 'put', timeoutMs: undefined, args: [1, 'a', true, null] },
      values: [new Uint8Array([7]), new Uint8Array([8, 9])]
    }
  },
  { type: 'progress', wait: 7, done: 1 },
  {
    ...{ type: 'answer', client: 2 },
    answer: { request: 5, status: 'ok', args: [12], values: [new Uint8Array(300_000)] }
  }
]

const CHANGES: readonly Change[] = ROWS.map((value, at) => ({ row: at + 1, value }))

function item(row: number, bytes = 3): Change {
  return { row, value: { type: 'item', queue: 1, value: new Uint8Array(bytes) } }
}

async function rowsOf(journal: ManagerJournal): Promise<SavedRow[]> {
  const all: SavedRow[] = []
  for await (const piece of journal.load()) all.push(...piece)
  return all
}

describe('the journal of a manager', function () {
  this.timeout(60_000)
  const opened: ManagerJournal[] = []
  let folder: string
  let path: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-manager-journal-'))
    path = join(folder, 'managers', 'jobs.sqlite')
  })

  afterEach(async () => {
    for (const journal of opened.splice(0)) await journal.close()
    rmSync(folder, { recursive: true })
  })

  async function open(at = path): Promise<ManagerJournal> {
    const journal = await openManagerJournal(at)
    opened.push(journal)
    return journal
  }

  it('gives back every kind of row as it was, in order, and keeps its epoch', async () => {
    const journal = await open()
    expect(await rowsOf(journal)).to.deep.equal([])
    expect(await journal.lastRow()).to.equal(0)
    await Promise.all([...CHANGES].reverse().map((change) => journal.commit([change])))
    await journal.close()
    const next = await open()
    expect(next.epoch).to.equal(journal.epoch)
    expect(await rowsOf(next)).to.deep.equal(CHANGES)
    expect((await open(join(folder, 'other.sqlite'))).epoch).not.to.equal(journal.epoch)
  })

  it('rows are as they were last, and no number is used twice', async () => {
    const journal = await open()
    await journal.commit([item(1), item(2), item(3)])
    await journal.commit([item(1, 5), { row: 3, value: undefined }])
    await journal.commit([{ row: 99, value: undefined }])
    await journal.close()
    const next = await open()
    expect(await rowsOf(next)).to.deep.equal([item(1, 5), item(2)])
    expect(await next.lastRow(), 'of rows that are gone, too').to.equal(3)
  })

  it('gives back more rows than fit into one piece', async () => {
    const journal = await open()
    const many = Array.from({ length: 5_000 }, (_, at) => item(at + 1))
    await journal.commit(many)
    await journal.commit([item(6_000, 9_000_000), item(6_001)])
    const rows = (await rowsOf(journal)).map(({ row }) => row)
    expect(rows).to.deep.equal([...many.map(({ row }) => row), 6_000, 6_001])
  })

  it('is refused to a second one, in the words of who can help it', async () => {
    await open()
    expect(await codeOfRejection(openManagerJournal(path))).to.equal('JOURNAL_FAILED')
  })

  it('of a later version is refused and left as it is; what is damaged, too', async () => {
    const journal = await open()
    await journal.commit([item(1)])
    await journal.close()
    const change = (sql: string): void => {
      const database = new DatabaseSync(path)
      database.exec(sql)
      database.close()
    }
    change("UPDATE rows SET body = x'c1'")
    const problem = await rowsOf(await open()).catch((thrown: unknown) => thrown)
    expect(problem).to.include({ code: 'JOURNAL_FAILED' })
    expect(String(problem))
      .to.include(path)
      .and.match(/row 1: .*it is damaged: move it away/)
    await opened.at(-1)?.close()
    change('PRAGMA user_version = 42')
    expect(await codeOfRejection(openManagerJournal(path))).to.equal('JOURNAL_NEWER')
  })

  it('what was not acknowledged on a full disk is not there, all else is', async function () {
    skipWithoutDisk(this)
    const disk = new SmallDisk(24)
    try {
      const small = join(disk.path, 'data', 'jobs.sqlite')
      const journal = await open(small)
      await journal.commit(Array.from({ length: 200 }, (_, at) => item(at + 1, 1_000)))
      expect(journal.refusal()).to.equal(undefined)
      disk.fill()
      expect(journal.refusal()).to.include({ code: 'JOURNAL_FULL' })
      for (let row = 1; row <= 100; row++) await journal.commit([{ row, value: undefined }])
      let row = 1_000
      while ((await codeOfRejection(journal.commit([item(row, 20_000)]))) === undefined) row++
      expect(existsSync(`${small}-ballast`), 'it was there for this').to.equal(false)
      expect(row, 'what the ballast made room for').to.be.above(1_020)
      disk.makeRoom()
      await journal.commit([item(50_000)])
      expect(journal.refusal()).to.equal(undefined)
      await journal.close()
      const rows = (await rowsOf(await open(small))).map((each) => each.row)
      const expected = [...numbers(101, 200), ...numbers(1_000, row - 1), 50_000]
      expect(rows).to.deep.equal(expected)
      await opened.at(-1)?.close()
    } finally {
      disk.remove()
    }
  })
})

function numbers(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at)
}
