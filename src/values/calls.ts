/**
 * The two lists in which values travel: the arguments of calls, and what became of each call.
 *
 * A list is one value. What several calls share is sent once and is shared where it arrives, as
 * within a chunk of Python's `multiprocessing`.
 */
import { P2pJobsError } from '../core/errors.ts'
import { VALUE_BYTES_MAX } from '../core/limits.ts'
import { decodeValue } from './decode.ts'
import { attempt, encodeWith } from './encode.ts'
import type { Naming, Refused } from './encode.ts'
import type { Resolve } from './references.ts'

/** What became of one call. */
export type CallOutcome = { ok: true; value: unknown } | { ok: false; error: unknown }

/** Room that is kept for saying, of any number of outcomes, that they did not fit. */
const ROOM_BYTES = 64 * 1024
const ROOM_BYTES_EACH = 8
/** How much is told of an error that cannot be sent itself. */
const TEXT_CHARACTERS_MAX = 4_096

export interface CallsInit {
  /** Objects of a manager may be among the arguments. */
  readonly takesReferences?: boolean
}

/** The bytes of the arguments of each call. Throws BAD_VALUE with the path to what cannot be sent. */
export function encodeCalls(
  calls: readonly (readonly unknown[])[],
  { takesReferences = false }: CallsInit = {}
): Uint8Array {
  const naming = namingOf(calls.length, () => 'argument')
  return encodeWith(naming, (encoder) => {
    encoder.takesReferences = takesReferences
    encoder.rows(calls)
  })
}

/**
 * The arguments of each call. Throws BAD_VALUE for bytes that are something else, and for objects of
 * a manager where nothing makes what stands for them.
 */
export function decodeCalls(bytes: Uint8Array, resolve?: Resolve): unknown[][] {
  const calls = decodeValue(bytes, resolve)
  if (isListOfLists(calls)) return calls
  throw new P2pJobsError('BAD_VALUE', 'a value was read that is not a list of calls')
}

/**
 * The bytes of the outcomes. In place of one that cannot be sent goes the BAD_VALUE that says why;
 * if it was an error, the text of that is its cause. `onRefused` is told of each.
 */
export function encodeOutcomes(
  outcomes: readonly CallOutcome[],
  onRefused?: (error: P2pJobsError) => void
): Uint8Array {
  const isSingle = outcomes.length === 1
  const naming = namingOf(outcomes.length, (place) => nameOf(outcomes[Number(place)]))
  const room = isSingle ? 0 : ROOM_BYTES + outcomes.length * ROOM_BYTES_EACH
  const bytesMax = VALUE_BYTES_MAX - room
  return encodeWith(naming, (encoder) => {
    const put = (ok: boolean, value: unknown): Refused | undefined =>
      attempt(encoder, naming, bytesMax, () => {
        encoder.value(ok)
        encoder.value(value)
      })
    let crowded: P2pJobsError | undefined
    encoder.begin(outcomes.length * 2)
    outcomes.forEach((outcome, place) => {
      encoder.trail.places[0] = place
      const bytesBefore = encoder.bytes
      const refused = put(outcome.ok, outcome.ok ? outcome.value : outcome.error)
      if (refused === undefined) return
      onRefused?.(refused.error)
      const fitsAlone = refused.bytes !== undefined && refused.bytes - bytesBefore <= bytesMax
      if ((isSingle || !fitsAlone) && !put(false, sendable(refused.error, outcome))) return
      // One error for all that come too late, since there may be many and there is no room.
      crowded ??= new P2pJobsError('BAD_VALUE', crowdedMessage(naming.name(place)))
      encoder.value(false)
      encoder.value(crowded)
    })
  })
}

/** The outcomes, in order. Throws BAD_VALUE for bytes that are something else. */
export function decodeOutcomes(bytes: Uint8Array): CallOutcome[] {
  const items = decodeValue(bytes)
  const bad = 'a value was read that is not a list of outcomes'
  if (!Array.isArray(items) || items.length % 2 > 0) throw new P2pJobsError('BAD_VALUE', bad)
  const outcomes: CallOutcome[] = []
  for (let place = 0; place < items.length; place += 2) {
    const ok: unknown = items[place]
    const value: unknown = items[place + 1]
    if (typeof ok !== 'boolean') throw new P2pJobsError('BAD_VALUE', bad)
    outcomes.push(ok ? { ok, value } : { ok, error: value })
  }
  return outcomes
}

function isListOfLists(value: unknown): value is unknown[][] {
  if (!Array.isArray(value)) return false
  // Not `every`, which passes over holes.
  for (const item of value) if (!Array.isArray(item)) return false
  return true
}

/** Paths begin below the list; where it has several entries, the entry is named first. */
function namingOf(entries: number, nameAt: (place: unknown) => string): Naming {
  if (entries === 1) return { skipped: 1, name: nameAt }
  return { skipped: 1, name: (place) => `item[${String(place)}] ${nameAt(place)}` }
}

function nameOf(outcome: CallOutcome | undefined): string {
  return outcome?.ok === false ? 'error' : 'result'
}

function crowdedMessage(name: string): string {
  const mib = VALUE_BYTES_MAX / (1024 * 1024)
  return `${name} does not fit beside those before it, ${mib} MiB is the most; use a smaller chunksize`
}

/** The refusal, with nothing in it that could be refused again. */
function sendable({ message, cause }: P2pJobsError, outcome: CallOutcome): P2pJobsError {
  const told = textsOf(outcome.ok ? cause : outcome.error)
  return new P2pJobsError('BAD_VALUE', shortened(message), told && { cause: told })
}

/** Name, message and stack of an error, if it is one that lets them be read. */
function textsOf(thrown: unknown): Error | undefined {
  if (!(thrown instanceof Error)) return undefined
  try {
    const { name, message, stack } = thrown
    const texts = new Error(shortened(message))
    const define = (key: string, text: unknown): void => {
      Object.defineProperty(texts, key, { value: shortened(text), configurable: true })
    }
    define('name', name)
    define('stack', stack)
    return texts
  } catch (cause) {
    return new Error('an error that cannot be read', { cause: shortened(cause) })
  }
}

function shortened(text: unknown): string {
  const whole = String(text)
  return whole.length > TEXT_CHARACTERS_MAX ? `${whole.slice(0, TEXT_CHARACTERS_MAX)}…` : whole
}
