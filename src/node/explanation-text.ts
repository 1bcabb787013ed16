/**
 * Why something does not run, in one line for people. Names come from peers: whoever prints the line
 * escapes it.
 */
import { CPUS } from '../core/abilities.ts'
import type { LabelNeed } from '../core/job.ts'
import { explain } from '../core/master/explain.ts'
import type { Explanation } from '../core/master/explain.ts'
import type { Lack, OnlyMachine } from '../core/master/lacks.ts'
import type { MasterState } from '../core/master/state.ts'
import type { JobId, Millis } from '../core/types.ts'
import { monotonicNow } from './clock.ts'

/** A reason and its words. */
export interface Reason {
  readonly code: Explanation['type']
  readonly text: string
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

type Of<Type extends Explanation['type']> = Extract<Explanation, { type: Type }>
type Texts = { readonly [Type in Explanation['type']]: (reason: Of<Type>) => string }

/** Why a job or a task does not run now, or where it does. */
export function reasonsOf(state: MasterState, job: JobId, task: number | undefined): Reason[] {
  return explain(state, job, task, monotonicNow()).map((reason) => ({
    code: reason.type,
    text: explanationText(reason)
  }))
}

export function explanationText(reason: Explanation): string {
  const text = TEXTS[reason.type] as (reason: Explanation) => string
  return text(reason)
}

/** What the only machine that could run a job does not have. */
export function lackText(lack: Lack, { labels }: Pick<OnlyMachine, 'labels'>): string {
  if (lack.type === 'no-label') {
    const { need } = lack
    const own = Object.hasOwn(labels, need.label) ? labels[need.label] : undefined
    const here = own === undefined ? 'does not have it' : `has ${need.label}=${own}`
    return `it is to run where the label is ${labelText(need)}, and this machine ${here}`
  }
  if (lack.type !== 'too-large') return explanationText(lack)
  const { amount, asked, most } = lack
  const here = most === 0 ? 'none' : numberText(amount, most)
  return `a task takes ${amountText(amount, asked)}, and this machine has ${here}`
}

const TEXTS: Texts = {
  'not-here': () => 'there is no such task, or it has ended',
  'waits-for-job': ({ job, needs }) =>
    `waits until job ${job} has ended${needs === 'ok' ? ' well' : ''}`,
  'no-tasks': () => 'there is nothing to run: no task was added, or all that were have ended',
  'under-way': ({ running, leased }) =>
    `${count(running, 'task')} running, ${leased} with workers and not started`,
  runs: ({ worker, attempt }) => `runs on ${worker}, attempt ${attempt}`,
  leased: ({ worker, attempt }) =>
    `is with ${worker}, which has not started it yet, attempt ${attempt}`,
  'backing-off': ({ task, attempt, forMs, reason }) =>
    `task ${task} is tried again in ${span(forMs)}; attempt ${attempt} came to nothing: ${reason}`,
  'master-drains': () => 'this master drains: it gives out no more work',
  'no-worker': () => 'no worker is connected: start `p2pjobs node` on a machine of the network',
  'worker-away': ({ worker }) => `the worker it is for, ${worker}, is not connected`,
  'no-label': ({ need, workers }) =>
    `none of ${count(workers, 'worker')} has the label ${labelText(need)}`,
  'too-large': ({ amount, asked, most }) =>
    `a task takes ${amountText(amount, asked)}, and no worker has more than ${numberText(amount, most)}`,
  'nobody-suits': ({ workers }) =>
    `none of ${count(workers, 'worker')} has all that it asks for at once`,
  'workers-drain': ({ workers }) => `all workers that suit drain: ${workers}`,
  resting: ({ worker, forMs, reason }) =>
    `${worker} rests for ${span(forMs)}: tasks failed there one after the other` +
    (reason === '' ? '' : `, the last with: ${reason}`),
  'takes-nothing': ({ worker, reason }) =>
    `${worker} takes no tasks now; the last one could not be run there: ${reason}`,
  'elsewhere-first': ({ forMs, others }) =>
    `it failed elsewhere, and waits up to ${span(forMs)} for ${count(others, 'other worker')}`,
  'no-slot': (reason) => `${ofSuiting(reason)} no free slot`,
  'no-room': (reason) => `${ofSuiting(reason)} not enough left of what a task takes`,
  'job-limit': (reason) =>
    `${ofSuiting(reason)} as many tasks of the job as it allows on one machine`,
  'others-first': () => 'nothing stands in its way: it is next, or other work comes first'
}

function ofSuiting({ workers, suit }: Of<'no-slot' | 'no-room' | 'job-limit'>): string {
  const verb = workers === 1 ? 'has' : 'have'
  return `${workers} of ${count(suit, 'worker')} that ${suit === 1 ? 'suits' : 'suit'} ${verb}`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

function amountText(amount: string, number: number): string {
  if (amount === CPUS) return count(number, 'cpu')
  return `${numberText(amount, number)} of ${amount}`
}

/** Memory is counted in bytes, which nobody reads. */
function numberText(amount: string, number: number): string {
  if (amount !== 'memory') return String(number)
  let [size, unit] = [number, 0]
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024
  return `${Number.isInteger(size) ? size : size.toFixed(1)} ${UNITS[unit]}`
}

function labelText({ label, value }: LabelNeed): string {
  return value === undefined ? label : `${label}=${value}`
}

function span(ms: Millis): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
