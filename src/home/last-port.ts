/**
 * The port a node listened on last: it takes the same one again, so that the addresses others
 * remember, and firewalls were opened for, stay true.
 */
import { join } from 'node:path'
import { readPrivateFile, writePrivateFile } from './files.ts'
import type { HomeFolders } from './home.ts'

const PORT_MAX = 65_535

/** The port, or undefined where none has been kept that can be one. Throws BAD_HOME. */
export function readLastPort(home: HomeFolders): number | undefined {
  const port = Number(readPrivateFile(portPath(home)))
  return Number.isInteger(port) && port > 0 && port <= PORT_MAX ? port : undefined
}

/** Keeps the port; touches nothing when it is the one kept already. Throws BAD_HOME. */
export function saveLastPort(home: HomeFolders, port: number): void {
  if (readLastPort(home) !== port) writePrivateFile(portPath(home), `${port}\n`)
}

function portPath(home: HomeFolders): string {
  return join(home.data, 'last-port')
}
