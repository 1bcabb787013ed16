/**
 * What nodes and their executors leave behind that could not tidy up: processes and files.
 */
import { readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isGone, killProcesses } from './processes.ts'

/**
 * Ends what executors left behind that were killed together with their node: processes and files
 * carry the identity of who made them. Whoever is dead cannot be using them; the living are left
 * alone.
 */
export function cleanUpAfterTheDead(folder: string): void {
  killProcesses(({ owner }) => owner !== '' && isGone(owner))
  for (const name of readdirSync(folder)) {
    const [identity = ''] = name.split('-', 1)
    if (/^\d+\.\d+\.\d+$/.test(identity) && isGone(identity)) {
      rmSync(join(folder, name), { recursive: true, force: true })
    }
  }
}

/**
 * Removes what a node has on disk that is gone. To be called by a helper that has removed `own`,
 * its folder; the last helper to do so finds no other's beside it, which might still be in use.
 */
export function removeRemains(remains: string | undefined, own: string): void {
  if (remains === undefined) return
  try {
    const entries = readdirSync(dirname(own), { withFileTypes: true })
    if (entries.some((entry) => entry.isDirectory())) return
    rmSync(remains, { recursive: true, force: true, maxRetries: 3 })
  } catch {
    // Another helper, or the next node of the home, is removing it, or will.
  }
}
