/**
 * What this machine is and has, for jobs that ask for it.
 */
import { arch, hostname, platform, totalmem } from 'node:os'
import type { Amounts, Labels } from '../core/abilities.ts'
import { LABEL_VALUE_CHARACTERS_MAX } from '../core/limits.ts'

/** What a node is called when nobody says otherwise: as its machine, without the domain. */
export function machineName(): string {
  const [name = 'node'] = hostname().split('.')
  return name
}

/** What every machine says of itself, and what its user says, who knows better. */
export function machineLabels(own: Labels = {}): Labels {
  const name = hostname().slice(0, LABEL_VALUE_CHARACTERS_MAX)
  return { os: platform(), arch: arch(), hostname: name, ...own }
}

/** The memory there is, for all or for this process and its children, in bytes. */
export function machineMemory(): number {
  const limit = process.constrainedMemory()
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem()
}

/** What every machine has, and what its user says, who knows better. */
export function machineAmounts(own: Amounts = {}): Amounts {
  return { memory: machineMemory(), ...own }
}
