/**
 * A process that writes a journal, to be killed: `journal-child.ts MODE PATH`.
 *
 * - `commit`: submits and settles jobs for ever, many at once, and prints what was acknowledged;
 * - `hold`: opens the journal, and stays;
 * - `prune`: forgets all jobs that have ended, and prints when it begins;
 * - `limit`: lets the disk fail under it, and prints what became of its commits;
 * - `asked`: submits a job for each number on its stdin, and prints what became of it.
 */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { operatingErrorOf } from '../../src/core/errors.ts'
import type { Journal } from '../../src/journal/journal.ts'
import { openJournal } from '../../src/journal/sqlite-journal.ts'
import * as a from './journals.ts'

const AT_ONCE = 8

const [mode = '', path = ''] = process.argv.slice(2)

function tell(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function commitForEver(journal: Journal): Promise<void> {
  let next = ((await journal.jobs(1))[0]?.job ?? 0) + 1
  const work = async (): Promise<void> => {
    for (;;) {
      const id = next++
      await journal.commit([a.submitted(id), a.added(id, 1, a.inputs(3)), a.closed(id)])
      tell(`submitted ${id}`)
      await journal.commit([a.leased(id, [1, 2, 3])])
      await journal.commit([1, 2, 3].map((task) => a.settled(id, task)))
      tell(`settled ${id}`)
      await journal.commit([a.ended(id)])
      tell(`ended ${id}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

/** No file may grow: writes beyond its end fail, as on a broken disk. */
function limitFiles(bytes: number | 'unlimited'): void {
  const words = ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]
  const { status, stderr } = spawnSync('prlimit', words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`prlimit: ${stderr}`)
}

async function outcome(journal: Journal, id: number): Promise<void> {
  try {
    await journal.commit([a.submitted(id), a.added(id, 1, a.inputs(500, 200))])
    tell(`job ${id}: done`)
  } catch (error) {
    tell(`job ${id}: ${operatingErrorOf(error)?.code ?? String(error)}`)
  }
}

async function failUnder(journal: Journal): Promise<void> {
  // Who has no handler is killed at the first write that is refused.
  process.on('SIGXFSZ', () => undefined)
  await outcome(journal, 1)
  limitFiles(statSync(`${path}-wal`).size + 10_000)
  await Promise.all([2, 3, 4].map(async (id) => await outcome(journal, id)))
  limitFiles('unlimited')
  await outcome(journal, 5)
  // Now not a byte can be written: the journal has to be opened again.
  limitFiles(0)
  await outcome(journal, 6)
  await outcome(journal, 7)
  limitFiles('unlimited')
  await outcome(journal, 8)
  await journal.close()
}

async function submitAsked(journal: Journal): Promise<void> {
  tell('open')
  for await (const line of createInterface({ input: process.stdin })) {
    await outcome(journal, Number(line))
  }
  await journal.close()
}

const journal = await openJournal(path)
if (mode === 'commit') await commitForEver(journal)
else if (mode === 'limit') await failUnder(journal)
else if (mode === 'asked') await submitAsked(journal)
else if (mode === 'prune') {
  tell('begins')
  const refs = await journal.prune({ ageMs: -1_000, jobs: 0, bytes: Infinity })
  tell(`done ${refs.length}`)
  await journal.close()
} else {
  tell('open')
  process.stdin.resume()
}
