/**
 * The journal by itself: what it costs to have everything on disk (fsync) before it is said.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openJournal } from '../../src/journal/sqlite-journal.ts'
import type { Journal } from '../../src/journal/journal.ts'
import * as a from '../support/journals.ts'
import { Figures } from './figures.ts'
import type { Figure } from './figures.ts'

const BENCH = 'journal'
const SUBMITTERS = 64
const INPUT_BYTES = 24
/** Inputs that a client adds at once, and tasks that leave and come back in one event. */
const ADDED_AT_ONCE = 4_096
const EVENT_TASKS = 64
/** Events whose records are on their way to the disk at a time. */
const EVENTS_AT_ONCE = 8

export async function measureJournal(rounds: number, tasks: number): Promise<Figure[]> {
  const figures = new Figures()
  for (let round = 0; round < rounds; round++) {
    for (const [what, unit, value] of await measureOnce(tasks)) {
      figures.add({ bench: BENCH, what, unit }, value)
    }
  }
  return figures.all
}

type Measured = [what: string, unit: string, value: number]

async function measureOnce(tasks: number): Promise<Measured[]> {
  const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-bench-'))
  const path = join(folder, 'journal.sqlite')
  const count = tasks.toLocaleString('en')
  const halves = Math.floor(tasks / 2)
  try {
    const single = await perSecond(path, 500, (journal) => submitAll(journal, 500, 1))
    const batched = await perSecond(path, 10_000, (journal) =>
      submitAll(journal, 10_000, SUBMITTERS)
    )
    const empty = statSync(path).size
    const added = await perSecond(path, tasks, (journal) => addTasks(journal, tasks))
    const full = statSync(path).size
    const loading = await secondsToLoad(path, tasks)
    const settled = await perSecond(path, halves, (journal) => settleTasks(journal, halves))
    const after = statSync(path).size
    return [
      ['submits acknowledged, one by one', 'jobs/s', single],
      [`submits acknowledged, ${SUBMITTERS} at once`, 'jobs/s', batched],
      [`tasks added, ${ADDED_AT_ONCE.toLocaleString('en')} at a time`, 'tasks/s', added],
      [`tasks leased and settled, ${EVENT_TASKS} an event`, 'tasks/s', settled],
      [`opened and loaded, ${count} tasks wait`, 's', loading],
      [
        'in the file, a waiting task beside its input',
        'bytes',
        (full - empty) / tasks - INPUT_BYTES
      ],
      ['in the file, a result of nothing', 'bytes', (after - full) / halves]
    ]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** How many of something a second, until all are on disk. */
async function perSecond(
  path: string,
  times: number,
  work: (journal: Journal) => Promise<void>
): Promise<number> {
  const journal = await openJournal(path)
  const start = performance.now()
  await work(journal)
  const seconds = (performance.now() - start) / 1000
  await journal.close()
  return times / seconds
}

async function submitAll(journal: Journal, jobs: number, submitters: number): Promise<void> {
  let next = ((await journal.jobs(1))[0]?.job ?? 0) + 1
  const end = next + jobs
  await together(submitters, async () => {
    while (next < end) {
      const id = next++
      await journal.commit([a.submitted(id), a.added(id, 1, a.inputs(1)), a.closed(id)])
    }
  })
}

const LARGE = 1_000_000

async function addTasks(journal: Journal, tasks: number): Promise<void> {
  await journal.commit([a.submitted(LARGE)])
  for (let first = 1; first <= tasks; first += ADDED_AT_ONCE) {
    const inputs = a.inputs(Math.min(ADDED_AT_ONCE, tasks + 1 - first), INPUT_BYTES)
    await journal.commit([a.added(LARGE, first, inputs)])
  }
}

async function settleTasks(journal: Journal, tasks: number): Promise<void> {
  let next = 1
  await together(EVENTS_AT_ONCE, async () => {
    while (next <= tasks) {
      const first = next
      next = Math.min(first + EVENT_TASKS, tasks + 1)
      const numbers = Array.from({ length: next - first }, (_, at) => first + at)
      await journal.commit([a.leased(LARGE, numbers)])
      await journal.commit(numbers.map((task) => a.settled(LARGE, task)))
    }
  })
}

async function secondsToLoad(path: string, tasks: number): Promise<number> {
  const start = performance.now()
  const journal = await openJournal(path)
  let loaded = 0
  for await (const piece of journal.load()) {
    for (const each of piece) {
      if (each.type === 'tasks' && each.job === LARGE) loaded += each.tasks.length
    }
  }
  const seconds = (performance.now() - start) / 1000
  await journal.close()
  if (loaded !== tasks) throw new Error(`${loaded} tasks were loaded, of ${tasks}`)
  return seconds
}

async function together(times: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: times }, work))
}
