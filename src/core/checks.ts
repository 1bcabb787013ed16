/**
 * What a program gives to the library, looked at before anything is done with it: what cannot be
 * meant is refused at once, with its name, what it can be, and what was given.
 */
import { P2pJobsError } from './errors.ts'
import { TIMER_MAX_MS } from './limits.ts'
import { shown } from './shown.ts'

/** What a value can be; `wanted` completes "it must be ...". */
export interface Check {
  readonly wanted: string
  readonly accepts: (value: unknown) => boolean
}

/** A check for each option there is. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>

/** A whole number; the most is what a message can carry, unless it is said. */
export function wholeNumber(min = -Infinity, max = Number.MAX_SAFE_INTEGER): Check {
  let wanted = 'a whole number'
  if (max < Number.MAX_SAFE_INTEGER) wanted += ` from ${min} to ${max}`
  else if (min > -Infinity) wanted += ` of at least ${min}`
  return {
    wanted,
    accepts: (value) => Number.isSafeInteger(value) && isWithin(value, min, max)
  }
}

/** How long something may take. It may have a fraction; Infinity is as good as none. */
export const timeLimit: Check = {
  wanted: `a number of milliseconds above 0 and up to ${Number.MAX_SAFE_INTEGER}, or Infinity for no limit`,
  accepts: (value) =>
    value === Infinity || (isWithin(value, 0, Number.MAX_SAFE_INTEGER) && value !== 0)
}

/** How long to wait for something, by a timer; Infinity is as long as it takes. */
export const waitingTime: Check = {
  wanted: `a number of milliseconds from 0 to ${TIMER_MAX_MS}, or Infinity for as long as it takes`,
  accepts: (value) => value === Infinity || isWithin(value, 0, TIMER_MAX_MS)
}

/** Text that is not empty. */
export function text(charactersMax: number): Check {
  return {
    wanted: `text of 1 to ${charactersMax} characters`,
    accepts: (value) =>
      typeof value === 'string' && value.length > 0 && value.length <= charactersMax
  }
}

/** One of the words, or what `or` accepts. */
export function oneOf(words: readonly string[], or?: Check): Check {
  const named = words.map((word) => `'${word}'`).join(', ')
  return {
    wanted: or === undefined ? `one of ${named}` : `one of ${named}, or ${or.wanted}`,
    accepts: (value) => words.some((word) => word === value) || or?.accepts(value) === true
  }
}

export const anyText: Check = {
  wanted: 'text',
  accepts: (value) => typeof value === 'string'
}

export const yesOrNo: Check = {
  wanted: 'true or false',
  accepts: (value) => typeof value === 'boolean'
}

export const callback: Check = {
  wanted: 'a function',
  accepts: (value) => typeof value === 'function'
}

export const list: Check = {
  wanted: 'an array',
  accepts: (value) => Array.isArray(value)
}

export const listOfTexts: Check = {
  wanted: 'an array of texts',
  accepts: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string')
}

export const object: Check = {
  wanted: 'an object',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** By what it can do: one of another realm is as good. */
export const abortSignal: Check = {
  wanted: 'an AbortSignal',
  accepts: (value) =>
    typeof value === 'object' &&
    value !== null &&
    'aborted' in value &&
    'addEventListener' in value &&
    typeof value.addEventListener === 'function'
}

/** What somebody else looks at. */
export const anything: Check = { wanted: 'anything', accepts: () => true }

/** Throws USAGE for a value that is none of those wanted; undefined is what was left out. */
export function check(name: string, value: unknown, wanted: Check): void {
  if (value !== undefined) checkGiven(name, value, wanted)
}

/** The same of what must not be left out. */
export function checkGiven(name: string, value: unknown, { wanted, accepts }: Check): void {
  if (accepts(value)) return
  throw new P2pJobsError('USAGE', `${name} must be ${wanted}, not ${shown(value)}`)
}

/** Throws USAGE for options that are no object, and for the first one that cannot be meant. */
export function checkEach<Options extends object>(
  name: string,
  options: Options,
  checks: Checks<Options>
): void {
  checkGiven(name, options, object)
  for (const each in checks) check(each, options[each], checks[each])
}

function isWithin(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max
}
