/**
 * The thread of a journal: does what it is asked, one after the other.
 *
 * A thread of its own, because SQLite works synchronously and waits for the disk.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Calls } from './rows.ts'
import { failureOf, Store } from './store.ts'
import type { Answer, Question } from './thread-link.ts'

const path = workerData as string
let store: Store | undefined
let epoch: string | undefined

/** Opened again after the disk has failed. */
function opened(): Store {
  if (store?.isBroken === true) store.close()
  if (store === undefined || store.isBroken) store = new Store(path)
  epoch ??= store.epoch
  if (store.epoch === epoch) return store
  store.close()
  throw new Error(`${path} is not the file it was: start the node again`)
}

const calls: Calls = {
  open: () => opened().epoch,
  commit: (commits) => {
    try {
      return opened().commit(commits)
    } catch (error) {
      return commits.map(() => failureOf(error))
    }
  },
  lastJob: () => opened().reader.lastJob(),
  liveJobs: (...args) => opened().reader.liveJobs(...args),
  savedTasks: (...args) => opened().reader.savedTasks(...args),
  lastFinished: (...args) => opened().reader.lastFinished(...args),
  jobs: (...args) => opened().reader.jobs(...args),
  job: (...args) => opened().reader.job(...args),
  ends: (...args) => opened().reader.ends(...args),
  tasks: (...args) => opened().reader.tasks(...args),
  results: (...args) => opened().reader.results(...args),
  setbacks: (...args) => opened().reader.setbacks(...args),
  blobs: (...args) => opened().reader.blobs(...args),
  forget: (...args) => opened().forget(...args),
  sweep: () => opened().sweep(),
  outdated: (...args) => opened().sweeper.outdated(...args),
  excess: (...args) => opened().sweeper.excess(...args),
  close: () => store?.close()
}

function answer({ id, call, args }: Question): Answer {
  try {
    const value = (calls[call] as (...args: unknown[]) => unknown)(...args)
    return { id, value, failure: undefined }
  } catch (error) {
    return { id, value: undefined, failure: failureOf(error) }
  }
}

parentPort?.on('message', (question: Question) => {
  parentPort?.postMessage(answer(question))
  if (question.call === 'close') parentPort?.close()
})
