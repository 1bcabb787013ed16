/**
 * A thread that keeps a file open, and does what it is asked, one after the other.
 *
 * A thread of its own, because SQLite works synchronously and waits for the disk.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Commit, Failure } from './rows.ts'
import type { Answer, Question } from './thread-link.ts'
import { failureOf } from './transactions.ts'

/** The file of the journal. */
const PATH = workerData as string

/** What is kept open. */
export interface Kept {
  readonly epoch: string
  /** It cannot be used any more: another one has to be opened. */
  readonly isBroken: boolean
  close(): void
}

type Calls = Readonly<Record<string, (...args: never[]) => unknown>>

/** Answers questions until `close`. `callsOf` gets what opens the file again after it has failed. */
export function serveThread<Store extends Kept>(
  open: (path: string) => Store,
  callsOf: (opened: () => Store) => Calls
): void {
  let store: Store | undefined
  let epoch: string | undefined

  const opened = (): Store => {
    if (store?.isBroken === true) store.close()
    if (store === undefined || store.isBroken) store = open(PATH)
    epoch ??= store.epoch
    if (store.epoch === epoch) return store
    store.close()
    throw new Error(`${PATH} is not the file it was: start the node again`)
  }

  const calls: Calls = { ...callsOf(opened), close: () => store?.close() }

  const answer = ({ id, call, args }: Question): Answer => {
    try {
      const value = calls[call]?.(...(args as never[]))
      return { id, value, failure: undefined }
    } catch (error) {
      return { id, value: undefined, failure: failureOf(PATH, error) }
    }
  }

  parentPort?.on('message', (question: Question) => {
    parentPort?.postMessage(answer(question))
    if (question.call === 'close') parentPort?.close()
  })
}

/** How each commit went, also where the file cannot be opened. */
export function committed<Entry>(
  opened: () => { commit(commits: readonly Commit<Entry>[]): (Failure | undefined)[] },
  commits: readonly Commit<Entry>[]
): (Failure | undefined)[] {
  try {
    return opened().commit(commits)
  } catch (error) {
    return commits.map(() => failureOf(PATH, error))
  }
}
