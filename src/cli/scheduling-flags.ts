/**
 * When, where and beside what the tasks of a job are run: flags that `run` and `submit` share, and
 * what a node says of itself to be chosen by.
 */
import { CPUS } from '../core/abilities.ts'
import type { Amounts, Labels } from '../core/abilities.ts'
import type { Backoff, Dependency, FailLimit, JobOptions, LabelNeed } from '../core/job.ts'
import {
  AFTER_MAX,
  AMOUNTS_MAX,
  LABEL_CHARACTERS_MAX,
  LABEL_VALUE_CHARACTERS_MAX,
  LABELS_MAX,
  NAME_CHARACTERS_MAX,
  PRIORITY_MAX,
  SLOTS_MAX,
  TASKS_MAX
} from '../core/limits.ts'
import type { JobId } from '../core/types.ts'
import type { FlagTable, FlagValues } from './command.ts'
import { readDuration, readSize, usage } from './values.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const NAME = '[A-Za-z0-9][A-Za-z0-9._/-]*'
/** Names of amounts that have a flag of their own, and what it is called. */
const OWN_FLAGS: Readonly<Record<string, string>> = { cpus: '--cpus', memory: '--mem' }
/** Memory of more than this is a slip of the pen. */
const MEMORY_MAX = 2 ** 50

const resourceShape = { pattern: new RegExp(`^${NAME}=\\d`), example: 'gpu=1' }

/** What a node is and has. */
export const abilityFlags = {
  label: {
    type: 'text',
    placeholder: 'NAME=TEXT',
    repeatable: true,
    shape: { pattern: new RegExp(`^${NAME}=`), example: 'gpu=1' },
    summary: 'Say of this machine what jobs can ask for with --require, besides os, arch, hostname'
  },
  resource: {
    type: 'text',
    placeholder: 'NAME=AMOUNT',
    repeatable: true,
    shape: resourceShape,
    summary:
      'Have so much of something that tasks can take with --resource; memory=SIZE says how much of ' +
      "the machine's memory tasks can take"
  }
} as const satisfies FlagTable

/** What a job asks for. */
export const schedulingFlags = {
  priority: {
    type: 'count',
    placeholder: 'N',
    default: 0,
    min: -PRIORITY_MAX,
    max: PRIORITY_MAX,
    summary: 'Go before the jobs of this master that have a lower one, not after them'
  },
  as: {
    type: 'text',
    placeholder: 'NAME',
    charactersMax: NAME_CHARACTERS_MAX,
    summary: 'Share the workers with other submitters as NAME, instead of as the user'
  },
  require: {
    type: 'text',
    placeholder: 'NAME[=TEXT]',
    repeatable: true,
    shape: { pattern: new RegExp(`^${NAME}(=.*)?$`), example: 'gpu or os=linux' },
    summary: 'Run only on machines with this label'
  },
  cpus: {
    type: 'count',
    placeholder: 'N',
    min: 1,
    max: SLOTS_MAX,
    summary: 'Give each task N slots of its machine'
  },
  mem: {
    type: 'size',
    placeholder: 'SIZE',
    min: 1,
    max: MEMORY_MAX,
    summary: 'Give each task this much memory; it is kept free for it, not enforced'
  },
  resource: {
    type: 'text',
    placeholder: 'NAME=AMOUNT',
    repeatable: true,
    shape: resourceShape,
    summary: 'Give each task so much of what nodes have by their own --resource'
  },
  maxFails: {
    type: 'text',
    placeholder: 'N|N%',
    shape: { pattern: /^\d{1,9}$|^(100|\d{1,2}(\.\d{1,3})?)%$/, example: '3 or 10%' },
    summary: 'Give the job up when more tasks than this have failed'
  },
  crashLimit: {
    type: 'count',
    placeholder: 'N',
    min: 1,
    max: 1_000,
    summary: 'Let a task fail when its process crashed N times, instead of 3'
  },
  backoff: {
    type: 'text',
    placeholder: 'fixed|exponential[:FIRST[:MAX]]',
    shape: {
      pattern: /^(fixed|exponential)(:[^:]+){0,2}$/,
      example: 'fixed:5s or exponential:1s:1m'
    },
    summary:
      'Wait so long before a task is tried again: always FIRST (1s), or twice as long each time up ' +
      'to MAX (60s), and up to half of it less'
  },
  hedge: {
    type: 'boolean',
    summary:
      'Say that tasks may run twice at once: one that takes three times as long as most, when nothing ' +
      'else waits, is begun on a second machine, too; the first that succeeds counts, the other is ended'
  },
  startWithin: {
    type: 'duration',
    placeholder: 'DURATION',
    min: 1,
    max: 365 * DAY_MS,
    summary: 'Give up a task that no worker has started this long after it was added'
  }
} as const satisfies FlagTable

/** For jobs of a master that knows of others. */
export const afterFlag = {
  after: {
    type: 'text',
    placeholder: 'ok:ID|any:ID',
    repeatable: true,
    shape: { pattern: /^((ok|any):)?[1-9]\d{0,9}$/, example: 'ok:5 or any:5' },
    summary:
      'Start when that job has ended: well, or else the tasks are aborted (ok, and ID alone), or in ' +
      'any way (any)'
  }
} as const satisfies FlagTable

type SchedulingFlags = FlagValues<typeof schedulingFlags>

/** The job's options, as far as they are given, and what each task takes. Throws USAGE. */
export function schedulingOptions(
  flags: SchedulingFlags & Partial<FlagValues<typeof afterFlag>>
): Partial<JobOptions> & { readonly priority: number; readonly amounts?: Amounts } {
  const { priority, as: submitter, crashLimit: crashesMax, startWithin: startWithinMs } = flags
  const requires = needsOf(flags.require)
  const after = dependenciesOf(flags.after ?? [])
  return {
    priority,
    ...given({
      submitter,
      crashesMax,
      startWithinMs,
      requires: requires.length > 0 ? requires : undefined,
      after: after.length > 0 ? after : undefined,
      hedge: flags.hedge ? true : undefined,
      failsMax: flags.maxFails === undefined ? undefined : failLimitOf(flags.maxFails),
      backoff: flags.backoff === undefined ? undefined : backoffOf(flags.backoff),
      amounts: demandedOf(flags)
    })
  }
}

/** The labels of `--label`. Throws USAGE. */
export function labelsOf(texts: readonly string[]): Labels {
  const pairs = texts.map((text): [string, string] => pairOf('--label', text))
  checkEach('--label', pairs, LABELS_MAX)
  return Object.fromEntries(pairs)
}

/** The amounts of a node's `--resource`. Throws USAGE. */
export function resourcesOf(texts: readonly string[]): Amounts {
  const pairs = texts.map(resourceOf)
  checkEach('--resource', pairs, AMOUNTS_MAX)
  if (pairs.some(([name]) => name === CPUS)) {
    throw usage('--resource: how many cpus there are is said by --slots')
  }
  return Object.fromEntries(pairs)
}

function needsOf(texts: readonly string[]): LabelNeed[] {
  if (texts.length > LABELS_MAX) throw usage(`--require is given more than ${LABELS_MAX} times`)
  return texts.map((text) => {
    if (text.includes('=')) {
      const [label, value] = pairOf('--require', text)
      return { label, value }
    }
    checkName('--require', text)
    return { label: text }
  })
}

function demandedOf({ cpus, mem, resource }: SchedulingFlags): Amounts | undefined {
  const own = resource.map(resourceOf)
  for (const [name] of own) {
    const flag = OWN_FLAGS[name]
    if (flag !== undefined) throw usage(`--resource: ${name} has a flag of its own, ${flag}`)
  }
  checkEach('--resource', own, AMOUNTS_MAX - 2)
  const amounts = { ...given({ [CPUS]: cpus, memory: mem }), ...Object.fromEntries(own) }
  return Object.keys(amounts).length === 0 ? undefined : amounts
}

function resourceOf(text: string): [name: string, amount: number] {
  const [name, amountText] = pairOf('--resource', text)
  const amount = readSize(amountText)
  if (amount === undefined || !Number.isSafeInteger(amount)) {
    throw usage(`--resource: '${amountText}' of ${name} is not a whole number, nor a size as 4G`)
  }
  return [name, amount]
}

function failLimitOf(text: string): FailLimit {
  if (text.endsWith('%')) return { percent: Number(text.slice(0, -1)) }
  return { tasks: Math.min(Number(text), TASKS_MAX) }
}

function backoffOf(text: string): Backoff {
  const [kind, first = '1s', max] = text.split(':')
  const firstMs = backoffMs(first)
  if (kind === 'fixed') {
    if (max !== undefined) throw usage(`--backoff: fixed waits always as long; leave ${max} out`)
    return { kind, firstMs, maxMs: firstMs }
  }
  const maxMs = max === undefined ? Math.max(firstMs, 60_000) : backoffMs(max)
  if (maxMs < firstMs) throw usage(`--backoff: MAX is less than FIRST in '${text}'`)
  return { kind: 'exponential', firstMs, maxMs }
}

function backoffMs(text: string): number {
  const ms = readDuration(text)
  if (ms === undefined) throw usage(`--backoff: '${text}' is not a time, as 30s, 5m or 250ms`)
  if (ms > DAY_MS) throw usage(`--backoff: '${text}' is more than a day`)
  return ms
}

function dependenciesOf(texts: readonly string[]): Dependency[] {
  if (texts.length > AFTER_MAX) throw usage(`--after is given more than ${AFTER_MAX} times`)
  return texts.map((text) => {
    const [first = '', id = first] = text.split(':')
    return { job: Number(id) as JobId, needs: first === 'any' ? 'any' : 'ok' }
  })
}

/** The name and the text of `NAME=TEXT`. */
function pairOf(flag: string, text: string): [name: string, value: string] {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  checkName(flag, name)
  if (value.length <= LABEL_VALUE_CHARACTERS_MAX) return [name, value]
  throw usage(`${flag}: the text of ${name} has more than ${LABEL_VALUE_CHARACTERS_MAX} characters`)
}

function checkName(flag: string, name: string): void {
  if (name.length <= LABEL_CHARACTERS_MAX) return
  throw usage(`${flag}: '${name}' has more than ${LABEL_CHARACTERS_MAX} characters`)
}

function checkEach(
  flag: string,
  pairs: readonly (readonly [string, unknown])[],
  max: number
): void {
  if (pairs.length > max) throw usage(`${flag} is given more than ${max} times`)
  const names = pairs.map(([name]) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw usage(`${flag} says ${twice} twice`)
}

/** Without what is undefined. */
function given<Values extends Record<string, unknown>>(
  values: Values
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as {
    [Name in keyof Values]?: Exclude<Values[Name], undefined>
  }
}
