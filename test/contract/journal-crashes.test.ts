/** What was acknowledged is there after any end of the process, or of the machine. */
import { copyFileSync, mkdirSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { journalChild } from '../support/journal-processes.ts'
import * as a from '../support/journals.ts'
import { Journals, savedBy } from '../support/journals.ts'

const ROUNDS = 20

function integrityOf(path: string): unknown {
  const database = new DatabaseSync(path)
  const result = database.prepare('PRAGMA integrity_check').all()
  database.close()
  return result.map((row) => Object.values(row)[0])
}

describe('journal after a crash', function () {
  this.timeout(180_000)
  const children: LineProcess[] = []
  let journals: Journals

  beforeEach(() => {
    journals = new Journals()
  })

  afterEach(async () => {
    await Promise.all(children.splice(0).map((child) => child.stop('SIGKILL')))
    await journals.end()
  })

  function start(...args: Parameters<typeof journalChild>): LineProcess {
    const child = journalChild(...args)
    children.push(child)
    return child
  }

  it(`a process that is killed ${ROUNDS} times loses nothing that was acknowledged`, async () => {
    const path = journals.path()
    const acknowledged = { submitted: new Set<number>(), settled: new Set<number>() }
    for (let round = 1; round <= ROUNDS; round++) {
      const child = start('commit', path)
      let seen = 0
      // Each round a little later: in the middle of whatever is under way then.
      await child.line(() => ++seen >= 7 * round)
      await child.stop('SIGKILL')
      for (const line of child.lines) {
        const [what, id] = line.split(' ')
        if (what === 'submitted') acknowledged.submitted.add(Number(id))
        if (what === 'settled') acknowledged.settled.add(Number(id))
      }
      expect(integrityOf(path)).to.deep.equal(['ok'])
      const journal = await journals.open(path)
      const found = new Map((await journal.jobs(100_000)).map((each) => [each.job as number, each]))
      for (const id of acknowledged.submitted) {
        expect(found.get(id), `job ${id}, round ${round}`).to.include({ tasks: 3, isOpen: false })
      }
      for (const id of acknowledged.settled) {
        expect(found.get(id)?.counts.finished, `results of job ${id}`).to.equal(3)
        expect(await journal.results(a.job(id), 0, 10)).to.have.length(3)
      }
      await journal.close()
    }
    expect(acknowledged.settled.size).to.be.above(ROUNDS)
  })

  it('when the power fails, exactly the commits are there that were on disk', async () => {
    const path = journals.path()
    const journal = await journals.open(path)
    await journal.commit([a.submitted()])
    const ends: number[] = []
    for (let task = 1; task <= 60; task++) {
      await journal.commit([a.added(1, task, a.inputs(1)), a.leased(1, [task])])
      ends.push(statSync(`${path}-wal`).size)
    }
    const whole = ends.at(-1) ?? 0
    for (let size = whole; size > ends[0]!; size -= 31_013) {
      const copy = journals.path()
      mkdirSync(dirname(copy))
      copyFileSync(path, copy)
      copyFileSync(`${path}-wal`, `${copy}-wal`)
      truncateSync(`${copy}-wal`, size)
      const next = await journals.open(copy)
      const tasks = (await savedBy(next)).flatMap((each) =>
        each.type === 'tasks' ? each.tasks : []
      )
      expect(tasks.map(({ task }) => task)).to.deep.equal(
        ends.flatMap((end, at) => (end <= size ? [at + 1] : []))
      )
      expect(tasks.every(({ lease }) => lease?.attempt === 1)).to.equal(true)
      await next.close()
    }
  })

  it('forgetting goes on after a kill, and nothing else is lost', async () => {
    const path = journals.path()
    const first = await journals.open(path)
    for (let id = 1; id <= 40; id++) {
      const tasks = Array.from({ length: 500 }, (_, at) => at + 1)
      await first.commit([a.submitted(id), a.added(id, 1, a.inputs(500, 100)), a.closed(id)])
      if (id % 4 === 0) continue
      await first.commit([...tasks.map((task) => a.settled(id, task)), a.ended(id)])
    }
    await first.close()
    const before = statSync(path).size
    for (let round = 0; round < 5; round++) {
      const child = start('prune', path)
      await child.line(/begins/)
      await child.stop('SIGKILL')
      expect(integrityOf(path)).to.deep.equal(['ok'])
    }
    const child = start('prune', path)
    await child.line(/done/)
    await child.ended
    const journal = await journals.open(path)
    const left = await journal.jobs(100)
    expect(left.map(({ job }) => job)).to.deep.equal([40, 36, 32, 28, 24, 20, 16, 12, 8, 4])
    expect(left.every(({ tasks, counts }) => tasks === 500 && counts.waiting === 500)).to.equal(
      true
    )
    await journal.close()
    expect(statSync(path).size).to.be.below(before / 2)
    const database = new DatabaseSync(path)
    const count = (table: string): unknown =>
      Object.values(database.prepare(`SELECT count(*) FROM ${table}`).get() ?? {})[0]
    expect(['results', 'forgotten', 'setbacks', 'leases'].map(count)).to.deep.equal([0, 0, 0, 0])
    database.close()
  })

  it('one process at a time uses it, and its end is enough to let the next one in', async () => {
    const path = journals.path()
    const child = start('hold', path)
    await child.line(/open/)
    const refused = await journals.open(path).catch((error: unknown) => error)
    expect(refused).to.include({ code: 'JOURNAL_FAILED' })
    expect(String(refused)).to.match(/another process uses the journal .*: stop that node/)
    await child.stop('SIGKILL')
    const journal = await journals.open(path)
    await journal.commit([a.submitted()])
    const again = await journals.open(path).catch((error: unknown) => error)
    expect(again, 'twice in one process').to.include({ code: 'JOURNAL_FAILED' })
    await journal.commit([a.closed()])
  })
})
