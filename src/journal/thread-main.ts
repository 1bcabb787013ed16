/**
 * The thread of a master's journal.
 */
import { decodeCommits } from './entries.ts'
import type { Calls } from './rows.ts'
import { Store } from './store.ts'
import { committed, serveThread } from './thread.ts'

serveThread(
  (path) => new Store(path),
  (opened): { [Call in Exclude<keyof Calls, 'close'>]: Calls[Call] } => ({
    open: () => opened().epoch,
    commit: (group) => committed(opened, decodeCommits(group)),
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
    excess: (...args) => opened().sweeper.excess(...args)
  })
)
