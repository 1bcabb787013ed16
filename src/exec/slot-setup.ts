/**
 * What a spawner's slots are made of: their shell, its environment, their named pipes.
 */
import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { makeFifos } from './fifo.ts'
import { COOKIE_NAME, SHELL_RUN } from './processes.ts'
import type { SlotInit } from './slot.ts'
import type { SpawnerInit } from './spawner-messages.ts'

/**
 * Makes the pipes of all slots. Throws if the file system does not play along.
 * @param owner see FoundProcess
 * @param token see JobScript
 */
export function setUpSlots(init: SpawnerInit, owner: string, token: string): SlotInit[] {
  const environment = { ...taskEnvironment(), [COOKIE_NAME]: `${owner}/${SHELL_RUN}` }
  const slots = Array.from({ length: init.slots }, (_, slot) => ({
    ...{ shell: init.shell, environment, token },
    ...pipesOf(`${init.spool}/slot-${slot}`)
  }))
  makeFifos(
    slots.flatMap(({ permits, outputs }) => [permits, ...outputs.flatMap(Object.values<string>)])
  )
  return slots
}

/** Whether the shell is one whose ways with simple commands are known. */
export function isDash(shell: string): boolean {
  try {
    return basename(realpathSync(shell)) === 'dash'
  } catch {
    // No such shell: the first task that needs it says so.
    return false
  }
}

/** What the spawner itself was started with is what tasks get, less what a shell adds by itself. */
function taskEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env)
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined)
  )
}

function pipesOf(slot: string): Pick<SlotInit, 'permits' | 'outputs'> {
  const outputs = ['a', 'b'].map((pair) => ({
    stdout: `${slot}.${pair}.stdout`,
    stderr: `${slot}.${pair}.stderr`
  }))
  return { permits: `${slot}.permits`, outputs }
}
