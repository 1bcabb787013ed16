/**
 * What random programs ask of each kind of object.
 */
import type { Arg, Kind, Op } from '../../src/core/manager/calls.ts'
import type { Rng } from '../../src/core/rng.ts'
import { bytes } from './manager-world.ts'
import type { CallInit } from './manager-world.ts'

interface Choices {
  readonly item: () => Uint8Array
  /** The arguments of an answer that gave the caller something. */
  readonly held: () => readonly Arg[] | undefined
  readonly timeoutMs: number | undefined
}

/** What an object is made with. */
export const OPTIONS: Partial<Record<Kind, (rng: Rng) => number>> = {
  queue: (rng) => rng.integer(0, 3),
  joinableQueue: (rng) => rng.integer(0, 3),
  semaphore: (rng) => rng.integer(0, 2),
  boundedSemaphore: (rng) => rng.integer(1, 2),
  barrier: (rng) => rng.integer(1, 3)
}

type Choose = (rng: Rng, choices: Choices) => readonly [Op, CallInit?]

const queue: Choose = (rng, { item, held, timeoutMs }) => {
  const dice = rng.integer(0, 15)
  if (dice < 6) {
    const values = Array.from({ length: rng.integer(1, 3) }, item)
    return ['put', { values, ...timed(timeoutMs) }]
  }
  if (dice < 11) {
    return ['get', { args: [rng.integer(1, 3), rng.integer(0, 1) === 1], ...timed(timeoutMs) }]
  }
  if (dice < 13) return [dice === 11 ? 'ack' : 'giveBack', { args: held() ?? [999] }]
  if (dice === 13) return ['taskDone']
  return dice === 14 ? ['join', timed(timeoutMs)] : ['state']
}

const lock: Choose = (rng, { held, timeoutMs }) => {
  const dice = rng.integer(0, 7)
  if (dice < 4) return ['acquire', timed(timeoutMs)]
  return dice === 7 ? ['state'] : ['release', { args: [dice === 4 ? null : (held()?.[1] ?? null)] }]
}

const semaphore: Choose = (rng, { held, timeoutMs }) => {
  const dice = rng.integer(0, 7)
  if (dice < 4) return ['acquire', timed(timeoutMs)]
  if (dice === 4) return ['release', { args: [null, rng.integer(1, 2)] }]
  return dice === 7 ? ['state'] : ['release', { args: [held()?.[1] ?? 1, 1] }]
}

/** For each kind of object, a call that makes sense more often than not. */
export const CALLS: Partial<Record<Kind, Choose>> = {
  queue,
  joinableQueue: queue,
  lock,
  rlock: lock,
  semaphore,
  boundedSemaphore: semaphore,
  event: (rng, { timeoutMs }) => {
    const op = (['set', 'clear', 'wait', 'wait', 'state'] as const)[rng.integer(0, 4)]!
    return [op, op === 'wait' ? timed(timeoutMs) : {}]
  },
  condition: (rng, choices) => {
    const dice = rng.integer(0, 7)
    if (dice < 3) return ['wait', timed(choices.timeoutMs || undefined)]
    if (dice > 4) return lock(rng, choices)
    return ['notify', { args: [rng.integer(0, 2) || null] }]
  },
  barrier: (rng, { held, timeoutMs }) => {
    const dice = rng.integer(0, 12)
    if (dice < 7)
      return ['arrive', { args: [rng.integer(0, 3) === 0], ...timed(timeoutMs || undefined) }]
    if (dice < 9) return ['acted', { args: [dice === 7, held()?.[2] ?? 1] }]
    return dice < 11 ? ['reset'] : [dice === 11 ? 'abort' : 'state']
  },
  value: (rng, { item, held }) => {
    if (rng.integer(0, 1) === 0) return ['get']
    return [
      'set',
      { args: [rng.integer(0, 1) === 0 ? null : (held()?.[0] ?? 1)], values: [item()] }
    ]
  },
  dict: (rng, { item }) => {
    const key = `k${rng.integer(0, 4)}`
    const calls: readonly (readonly [Op, CallInit?])[] = [
      ['set', { args: [false, key, `k${rng.integer(0, 4)}`], values: [item(), item()] }],
      ['set', { args: [true, key], values: [item()] }],
      ['remove', { args: [key] }],
      ['remove', { args: [null] }],
      ['get', { args: [key] }],
      ['has', { args: [key] }],
      ['entries', { args: [0, 100, true] }],
      [rng.integer(0, 3) === 0 ? 'clear' : 'state']
    ]
    return calls[rng.integer(0, calls.length - 1)]!
  },
  list: (rng, { item }) => {
    const place = rng.integer(-4, 4)
    const calls: readonly (readonly [Op, CallInit?])[] = [
      ['splice', { args: [rng.integer(0, 1) === 0 ? null : place, 0], values: [item(), item()] }],
      ['splice', { args: [place, rng.integer(0, 2)], values: [item()] }],
      ['slice', { args: [place, rng.integer(0, 1) === 0 ? null : rng.integer(-2, 4)] }],
      ['set', { args: [place], values: [item()] }],
      ['find', { args: [place], values: [bytes(`${rng.integer(0, 20)}`)] }],
      ['reverse'],
      [rng.integer(0, 3) === 0 ? 'clear' : 'state']
    ]
    return calls[rng.integer(0, calls.length - 1)]!
  }
}

function timed(timeoutMs: number | undefined): CallInit {
  return timeoutMs === undefined ? {} : { timeoutMs }
}
