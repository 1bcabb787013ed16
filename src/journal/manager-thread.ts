/**
 * The thread of a manager's journal.
 */
import { ManagerStore } from './manager-store.ts'
import type { ManagerCalls } from './manager-store.ts'
import { committed, serveThread } from './thread.ts'

serveThread(
  (path) => new ManagerStore(path),
  (opened): { [Call in Exclude<keyof ManagerCalls, 'close'>]: ManagerCalls[Call] } => ({
    open: () => opened().epoch,
    commit: (commits) => committed(opened, commits),
    rows: (...args) => opened().rows(...args),
    lastRow: () => opened().lastRow()
  })
)
