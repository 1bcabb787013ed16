/**
 * From what a pool and its calls can be told to what a job is: the spec that workers get, and the
 * options that its master goes by.
 */
import { P2pJobsError } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import { INLINE_BYTES_MAX, OUTPUT_BYTES_MAX } from '../core/limits.ts'
import type { FunctionRef, FunctionSpec } from '../core/spec.ts'
import type { Millis } from '../core/types.ts'
import { encodeCalls } from '../values/calls.ts'
import type { Code } from './code.ts'
import type { CallOptions, PoolOptions } from './options.ts'

/** How the tasks of a pool run, whatever their function. */
export type Profile = Pick<
  FunctionSpec,
  'initializer' | 'tasksPerChildMax' | 'memoryBytesMax' | 'isAlone'
>

/**
 * The profile of a pool's tasks. Throws BAD_FUNCTION for an initializer that cannot be sent, and
 * BAD_VALUE and USAGE for such arguments of it.
 */
export async function profileOf(options: PoolOptions, code: Pick<Code, 'refOf'>): Promise<Profile> {
  const { initializer, initargs = [], maxtasksperchild, memoryBytesMax } = options
  return {
    initializer:
      initializer === undefined
        ? undefined
        : { ...(await code.refOf(initializer)), input: initialInput(initargs) },
    tasksPerChildMax: maxtasksperchild,
    memoryBytesMax,
    isAlone: false
  }
}

/** They are a part of the spec, and never beside it as those of tasks may be. */
function initialInput(initargs: readonly unknown[]): Uint8Array {
  const input = encodeCalls([initargs], { takesReferences: true })
  if (input.length <= INLINE_BYTES_MAX) return input
  throw new P2pJobsError(
    'USAGE',
    `initargs take ${input.length} bytes, and ${INLINE_BYTES_MAX} are the most; let the ` +
      'initializer make what is larger, or give it to the calls as an argument'
  )
}

/** What each task of a job is. */
export function specOf(
  ref: FunctionRef,
  profile: Profile,
  { timeoutMs }: Pick<CallOptions, 'timeoutMs'>
): FunctionSpec {
  return {
    kind: 'function',
    function: ref,
    ...profile,
    timeoutMs: timeLimitOf(timeoutMs),
    outputBytesMax: OUTPUT_BYTES_MAX,
    slotsMax: undefined
  }
}

export function jobOptionsOf(options: CallOptions): JobOptions {
  const { retries = 0, priority = 0, hedge = false, worker } = options
  return { retries, priority, hedge, ...(worker === undefined ? {} : { worker }) }
}

/** As workers are told: whole milliseconds, no less than was asked for. */
export function timeLimitOf(timeoutMs: number | undefined): Millis | undefined {
  return timeoutMs === undefined || timeoutMs === Infinity ? undefined : Math.ceil(timeoutMs)
}
