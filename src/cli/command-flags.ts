/**
 * Flags that several tables have.
 */
import { RETRIES_MAX, SLOTS_MAX } from '../core/limits.ts'
import type { FlagTable } from './command.ts'

const DAY_MS = 24 * 3_600_000

export const json = {
  type: 'boolean',
  summary: 'Print one JSON object per line on stdout'
} as const

/** How the tasks of a command are run. */
export const taskFlags = {
  slots: {
    type: 'count',
    placeholder: 'N',
    max: SLOTS_MAX,
    short: 'j',
    min: 1,
    summary: 'Run at most N tasks at a time on each machine, instead of one per core'
  },
  timeout: {
    type: 'duration',
    placeholder: 'DURATION',
    min: 1,
    max: 24 * DAY_MS,
    summary: 'End a task that runs longer than this; it has failed then'
  },
  retries: {
    type: 'count',
    placeholder: 'N',
    default: 0,
    min: 0,
    max: RETRIES_MAX,
    summary: 'Try a failed task N more times, on another machine first'
  },
  env: {
    type: 'text',
    placeholder: 'NAME',
    repeatable: true,
    shape: { pattern: /^[A-Za-z_][A-Za-z0-9_]*$/, example: 'LANG' },
    summary: 'Give tasks this variable of the environment'
  }
} as const satisfies FlagTable

export const keepOrder = {
  type: 'boolean',
  short: 'k',
  summary: 'Print outputs in the order of the arguments'
} as const

export const tag = {
  type: 'boolean',
  summary: 'Begin every line of output with the argument and a tab'
} as const

export const onInterrupt = {
  type: 'text',
  placeholder: 'HOW',
  default: 'cancel',
  shape: { pattern: /^(cancel|detach)$/, example: 'cancel, detach' },
  summary: 'At Ctrl-C cancel the job, or leave it to the master node of this home (detach)'
} as const
