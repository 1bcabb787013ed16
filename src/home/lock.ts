/**
 * One primary node per home: a second one would double the first one's identity.
 *
 * The lock itself is the operating system's (SQLite's write lock on an empty database), which
 * ends with its process however that ends, so there is no stale lock to take over, and no race.
 * Beside it `node.json` tells other processes who holds it and where to reach it.
 */
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { P2pJobsError } from '../core/errors.ts'
import { readPrivateFile, removeFile, writePrivateFile } from './files.ts'
import { onHomeError } from './home.ts'
import type { HomeFolders } from './home.ts'
import { processStart } from './process-start.ts'

/** The primary node of a home, as it has written itself down. */
export interface LiveNode {
  readonly pid: number
  /** In clock ticks since the machine started: tells a process from a later one of its id. */
  readonly startedAt: number
  /** The machine it runs on: a home may lie on a shared disk. */
  readonly host: string
  readonly name: string
  /** What this home calls the network it is in, and its peer id; undefined until it listens. */
  readonly network: string | undefined
  readonly peer: string | undefined
  /** The multiaddrs it listens on. */
  readonly addresses: readonly string[]
  /** The control socket of a durable master. */
  readonly control: string | undefined
}

/** Where a node is to be found once it listens. */
export interface Reachable {
  readonly network: string
  readonly peer: string
  readonly addresses: readonly string[]
  readonly control: string | undefined
}

export interface NodeLock {
  /** Tells other processes how to reach this node. Throws BAD_HOME. */
  update(reachable: Reachable): void
  /** Gives the lock back; nothing has an effect afterwards. */
  release(): void
}

// SQLite's own codes for "another connection has it" and "none of mine".
const SQLITE_BUSY = 5
const SQLITE_NOTADB = 26

// A lock whose holder is garbage is given back by the collector; these never are.
const held = new Set<DatabaseSync>()

/**
 * Makes this process the primary node of the home, or says who is; `holder` is undefined while
 * that one is only just starting. Throws BAD_HOME if the home does not allow locks.
 */
export function acquireNodeLock(
  home: HomeFolders,
  name: string
): NodeLock | { readonly holder: LiveNode | undefined } {
  const path = join(home.data, 'node.lock')
  const database = onHomeError(path, () => lockedDatabase(path))
  if (database === undefined) return { holder: readHolder(home) }
  held.add(database)
  writeNote(home, { name, network: undefined, peer: undefined, addresses: [], control: undefined })
  return {
    update: (reachable) => {
      if (held.has(database)) writeNote(home, { name, ...reachable })
    },
    release: () => {
      if (!held.delete(database)) return
      // In this order: nobody must find the note of one node beside the lock of the next.
      removeFile(notePath(home))
      database.close()
    }
  }
}

/** The primary node of this home, if it runs on this machine now. Throws BAD_HOME. */
export function readLiveNode(home: HomeFolders): LiveNode | undefined {
  const node = readHolder(home)
  return node?.host === hostname() ? node : undefined
}

function lockedDatabase(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // Nothing is ever written, but without this a journal would lie beside the empty file.
    database.exec('PRAGMA journal_mode = MEMORY')
    // Not EXCLUSIVE: that one needs all others gone, so that of two at once both may fail.
    database.exec('BEGIN IMMEDIATE')
    return database
  } catch (error) {
    database.close()
    const { errcode } = error as { errcode?: number }
    if (errcode === SQLITE_BUSY) return undefined
    throw errcode === SQLITE_NOTADB ? damagedLock(path, error) : error
  }
}

function damagedLock(path: string, cause: unknown): P2pJobsError {
  return new P2pJobsError(
    'BAD_HOME',
    `the lock ${path} is damaged: end all nodes of this home, then delete that file`,
    { cause }
  )
}

function notePath(home: HomeFolders): string {
  return join(home.data, 'node.json')
}

type Told = Pick<LiveNode, 'name' | 'network' | 'peer' | 'addresses' | 'control'>

function writeNote(home: HomeFolders, told: Told): void {
  const { pid } = process
  const note: LiveNode = { pid, startedAt: processStart(pid) ?? 0, host: hostname(), ...told }
  writePrivateFile(notePath(home), `${JSON.stringify(note)}\n`)
}

/** Who has noted itself down, unless that was a process of this machine which is gone. */
function readHolder(home: HomeFolders): LiveNode | undefined {
  const text = readPrivateFile(notePath(home))
  const node = text === undefined ? undefined : parseNote(text)
  if (node?.host === hostname() && processStart(node.pid) !== node.startedAt) return undefined
  return node
}

/** A note that cannot be understood says nothing: a later version may have written it. */
function parseNote(text: string): LiveNode | undefined {
  try {
    return liveNodeOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function liveNodeOf(note: unknown): LiveNode | undefined {
  if (typeof note !== 'object' || note === null) return undefined
  const { pid, startedAt, host, name, network, peer, addresses, control } =
    note as Partial<LiveNode>
  if (typeof pid !== 'number' || typeof startedAt !== 'number') return undefined
  if (typeof host !== 'string' || typeof name !== 'string') return undefined
  if (!Array.isArray(addresses) || !addresses.every((each) => typeof each === 'string'))
    return undefined
  return {
    pid,
    startedAt,
    host,
    name,
    network: typeof network === 'string' ? network : undefined,
    peer: typeof peer === 'string' ? peer : undefined,
    addresses,
    control: typeof control === 'string' ? control : undefined
  }
}
