/** A disk that is full, or fails: nothing is acknowledged that is not there, and it gets well by itself. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { JournalRecord } from '../../src/core/master/journal.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { journalChild, skipWithoutDisk, SmallDisk } from '../support/journal-processes.ts'
import * as a from '../support/journals.ts'
import { Journals, savedBy } from '../support/journals.ts'
import { codeOfRejection } from '../support/code-of.ts'

const TASKS = 4_000
/** Of a database, in bytes. */
const PAGE = 4_096

/** Commits records until one is refused, and says which; how many were acknowledged. */
async function until(
  journal: Journal,
  records: (time: number) => readonly JournalRecord[]
): Promise<{ code: string; times: number }> {
  for (let times = 0; times < TASKS; times++) {
    const code = await codeOfRejection(journal.commit(records(times)))
    if (code !== undefined) return { code, times }
  }
  throw new Error('nothing was refused')
}

/** Overwrites a file from there to its end. */
function damage(path: string, from: number): void {
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(statSync(path).size - from, 0xa5), 0, undefined, from)
  closeSync(file)
}

function aLargeResult(task: number): JournalRecord {
  return a.settled(1, task, 'finished', { stdout: new Uint8Array(500) })
}

describe('journal on a full disk', function () {
  this.timeout(60_000)
  const journals = new Journals()
  let disk: SmallDisk
  let path: string

  before(function () {
    skipWithoutDisk(this)
  })

  beforeEach(() => {
    disk = new SmallDisk(24)
    path = join(disk.path, 'data/journal.sqlite')
  })

  afterEach(async () => {
    await journals.end()
    disk.remove()
  })

  it('takes nothing new, still records results, and works again when there is space', async () => {
    const journal = await journals.open(path)
    const numbers = Array.from({ length: TASKS }, (_, at) => at + 1)
    await journal.commit([a.submitted(1), a.added(1, 1, a.inputs(TASKS)), a.leased(1, numbers)])
    expect(journal.refusal()).to.equal(undefined)
    disk.fill()
    expect(journal.refusal()).to.include({ code: 'JOURNAL_FULL' })

    const submits = await until(journal, (time) => [
      a.submitted(2 + time),
      a.added(2 + time, 1, a.inputs(50, 1_000))
    ])
    expect(submits.code).to.equal('JOURNAL_FULL')
    expect(existsSync(`${path}-ballast`), 'it is for results').to.equal(true)
    const results = await until(journal, (time) => [aLargeResult(time + 1)])
    expect(results.code).to.equal('JOURNAL_FULL')
    expect(results.times, 'results that the ballast made room for').to.be.above(500)
    expect(existsSync(`${path}-ballast`)).to.equal(false)
    const refused = await codeOfRejection(journal.commit([a.submitted(900)]))
    expect(refused, 'also a small one, while the ballast is gone').to.equal('JOURNAL_FULL')
    expect(journal.refusal()).to.include({ code: 'JOURNAL_FULL' })

    disk.makeRoom()
    expect(journal.refusal()).to.equal(undefined)
    await journal.commit([a.submitted(1_000)])
    await journal.commit([a.settled(1, results.times + 1)])
    expect(existsSync(`${path}-ballast`)).to.equal(true)

    await journal.close()
    const next = await journals.open(path)
    const jobs = (await next.jobs(1_000)).map(({ job }) => job as number)
    expect(jobs.sort((x, y) => x - y)).to.deep.equal([
      1,
      ...Array.from({ length: submits.times }, (_, at) => at + 2),
      1_000
    ])
    expect(await next.results(a.job(1), 0, TASKS)).to.have.length(results.times + 1)
  })

  it('of commits that wait together refuses the new work only', async () => {
    const journal = await journals.open(path)
    await journal.commit([a.submitted(1), a.added(1, 1, a.inputs(10)), a.leased(1, [1, 2])])
    disk.fill()
    const large = [a.submitted(2), a.added(2, 1, a.inputs(4_000, 1_000))]
    const codes = await Promise.all([
      codeOfRejection(journal.commit([a.settled(1, 1)])),
      codeOfRejection(journal.commit(large)),
      codeOfRejection(journal.commit([a.settled(1, 2)]))
    ])
    expect(codes).to.deep.equal([undefined, 'JOURNAL_FULL', undefined])
    expect(await journal.results(a.job(1), 0, 10)).to.have.length(2)
    expect(await journal.job(a.job(2))).to.equal(undefined)
  })

  it('opens on a full disk, with all that was recorded', async () => {
    const journal = await journals.open(path)
    await journal.commit([a.submitted(1), a.added(1, 1, a.inputs(TASKS)), a.leased(1, [1, 2])])
    disk.fill()
    const { times } = await until(journal, (time) => [aLargeResult(time + 1)])
    await journal.close()
    disk.fill()
    const next = await journals.open(path)
    const tasks = (await savedBy(next)).flatMap((each) => (each.type === 'tasks' ? each.tasks : []))
    expect(tasks).to.have.length(TASKS - times)
    expect(next.refusal()).to.include({ code: 'JOURNAL_FULL' })
    disk.makeRoom()
    await next.commit([a.submitted(2)])
  })

  it('says so when there is no space even to begin', async () => {
    disk.fill()
    expect(await codeOfRejection(journals.open(path))).to.equal('JOURNAL_FULL')
  })
})

describe('journal on a disk that fails', function () {
  this.timeout(60_000)
  let journals: Journals

  beforeEach(() => {
    journals = new Journals()
  })

  afterEach(async () => {
    await journals.end()
  })

  it('acknowledges nothing that could not be written, and works again when it can', async () => {
    const path = journals.path()
    const child = journalChild('limit', path)
    await child.ended
    const good = [1, 5, 8]
    const told = [1, 2, 3, 4, 5, 6, 7, 8].map(
      (id) => `job ${id}: ${good.includes(id) ? 'done' : 'JOURNAL_FAILED'}`
    )
    expect(child.lines, child.stderr).to.deep.equal(told)
    const journal = await journals.open(path)
    expect((await journal.jobs(10)).map(({ job }) => job)).to.deep.equal([8, 5, 1])
  })

  it('a journal of a later version is refused and left as it is', async () => {
    const path = journals.path()
    await (await journals.open(path)).close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 42')
    database.close()
    const error = await journals.open(path).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'JOURNAL_NEWER' })
    expect(String(error)).to.match(/its schema is 42, this version knows 1 .*: use that version/)
    const after = new DatabaseSync(path)
    expect(after.prepare('PRAGMA user_version').get()).to.deep.include({ user_version: 42 })
    after.close()
  })

  it('files that are no journal are refused and left as they are', async () => {
    const path = journals.path()
    mkdirSync(dirname(path))
    writeFileSync(path, Buffer.alloc(8_192, 'nonsense'))
    const damaged = await journals.open(path).catch((thrown: unknown) => thrown)
    expect(String(damaged)).to.match(/cannot be opened .*damaged/)
    rmSync(path)
    const database = new DatabaseSync(path)
    database.exec('CREATE TABLE notes (text)')
    database.close()
    const other = await journals.open(path).catch((thrown: unknown) => thrown)
    expect(other).to.include({ code: 'JOURNAL_FAILED' })
    expect(String(other)).to.match(/a database of another program/)
  })

  it('damage that is met only later is named, with its file and the cure', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    await journal.commit([a.submitted(), a.added(1, 1, a.inputs(20_000, 40))])
    await journal.close()
    const { size } = statSync(path)
    damage(path, size / 2)
    const reopened = await journals.open(path)
    const problem = await savedBy(reopened).catch((thrown: unknown) => thrown)
    const named = `the journal ${path} cannot be read (database disk image is malformed): it is damaged: `
    expect(problem).to.include({ code: 'JOURNAL_FAILED' })
    expect(String(problem))
      .to.include(named)
      .and.match(/put back a copy of it if you have one$/)
    await reopened.close()
    damage(path, PAGE)
    expect(String(await journals.open(path).catch((thrown: unknown) => thrown))).to.include(named)
  })

  it('a place where nothing can be written is named', async () => {
    const path = join(dirname(journals.path()), 'journal.sqlite')
    writeFileSync(dirname(path), '')
    const error = await journals.open(path).catch((thrown: unknown) => thrown)
    expect(error).to.include({ code: 'JOURNAL_FAILED' })
    expect(String(error)).to.include(path)
  })
})
