/**
 * What executors left behind that were killed together with their node: processes and files. Both
 * carry the identity of who made them.
 */
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isGone, killProcesses } from './processes.ts'

/** Whoever is dead cannot be using its processes and files; the living are left alone. */
export function cleanUpAfterTheDead(folder: string): void {
  killProcesses(({ owner }) => owner !== '' && isGone(owner))
  for (const name of readdirSync(folder)) {
    const [identity = ''] = name.split('-', 1)
    if (/^\d+\.\d+\.\d+$/.test(identity) && isGone(identity)) {
      rmSync(join(folder, name), { recursive: true, force: true })
    }
  }
}
