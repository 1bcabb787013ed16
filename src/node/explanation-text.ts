/**
 * Why something does not run, in one line for people. Names come from peers: whoever prints the line
 * escapes it.
 */
import type { LabelNeed } from '../core/job.ts'
import type { Explanation } from '../core/master/explain.ts'
import type { Millis } from '../core/types.ts'

type Of<Type extends Explanation['type']> = Extract<Explanation, { type: Type }>
type Texts = { readonly [Type in Explanation['type']]: (reason: Of<Type>) => string }

export function explanationText(reason: Explanation): string {
  const text = TEXTS[reason.type] as (reason: Explanation) => string
  return text(reason)
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
    `a task takes ${asked} of ${amount}, and no worker has more than ${most}`,
  'nobody-suits': ({ workers }) =>
    `none of ${count(workers, 'worker')} has all that it asks for at once`,
  'workers-drain': ({ workers }) => `all workers that suit drain: ${workers}`,
  resting: ({ worker, forMs }) =>
    `${worker} rests for ${span(forMs)}: tasks failed there one after the other`,
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

function labelText({ label, value }: LabelNeed): string {
  return value === undefined ? label : `${label}=${value}`
}

function span(ms: Millis): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
