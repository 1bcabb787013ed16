/**
 * Dicts of one manager: like a `Map`, with promises.
 */
import { P2pJobsError } from '../core/errors.ts'
import { ITEM_BYTES_MAX } from '../core/limits.ts'
import { shown } from '../core/shown.ts'
import { decodeValue } from '../values/decode.ts'
import { keyOfText, textOfKey } from './keys.ts'
import type { Key } from './keys.ts'
import { checkIterable } from './options.ts'
import { bytesOf, Shared, valueOf } from './shared.ts'
import type { Calls } from './shared.ts'

const PAGE_ENTRIES = 4_096
const UPDATE_ENTRIES = 256

/** `Manager().dict()`: each call is one step, which nobody sees half of. */
export class Dict<K extends Key = Key, V = unknown>
  extends Shared
  implements AsyncIterable<[K, V]>
{
  constructor(calls: Calls, name: string) {
    super(calls, 'dict', name)
  }

  /** The value of a key; undefined if it is not there. */
  async get(key: K): Promise<V | undefined> {
    const answer = await this.askFor('get', { args: [textOfKey(key)] })
    return answer.status === 'notFound' ? undefined : (valueOf(this.checked(answer, 'get')) as V)
  }

  async set(key: K, value: V): Promise<void> {
    await this.ask('set', { args: [false, textOfKey(key)], values: [bytesOf(value, 'value')] })
  }

  /** Sets what is not there; returns what is there then. */
  async setDefault(key: K, value: V): Promise<V> {
    const values = [bytesOf(value, 'value')]
    const answer = await this.ask('set', { args: [true, textOfKey(key)], values })
    return answer.args[0] === true ? value : (valueOf(answer) as V)
  }

  /** Sets all of these; each 256 of them in one step, or fewer if they take more than 16 MiB. */
  async update(entries: Iterable<readonly [K, V]>): Promise<void> {
    checkIterable('entries', entries)
    // All before the first is sent: one that cannot be sent is no reason to set a part of them.
    const all = Array.from(entries, textsAndBytesOf)
    for (const part of partsOf(all)) {
      const args = [false, ...part.map(({ text }) => text)]
      await this.ask('set', { args, values: part.map(({ bytes }) => bytes) })
    }
  }

  async has(key: K): Promise<boolean> {
    return (await this.ask('has', { args: [textOfKey(key)] })).args[0] === true
  }

  /** True if it was there. */
  async delete(key: K): Promise<boolean> {
    const answer = await this.askFor('remove', { args: [textOfKey(key)] })
    if (answer.status === 'notFound') return false
    this.checked(answer, 'remove')
    return true
  }

  /** Takes a value out; what is given if the key is not there, else throws NOT_FOUND. */
  async pop(key: K, ...missing: [V?]): Promise<V> {
    const answer = await this.askFor('remove', { args: [textOfKey(key)] })
    if (answer.status === 'notFound') {
      if (missing.length > 0) return missing[0] as V
      throw this.lacks(`no key ${shown(key)}`)
    }
    return valueOf(this.checked(answer, 'remove')) as V
  }

  /** Takes out the entry that came last. Throws NOT_FOUND if there is none. */
  async popItem(): Promise<[K, V]> {
    const answer = await this.askFor('remove', { args: [null] })
    if (answer.status === 'notFound') throw this.lacks('no entries')
    this.checked(answer, 'remove')
    return [keyOfText(String(answer.args[0])) as K, valueOf(answer) as V]
  }

  async size(): Promise<number> {
    return Number((await this.ask('state')).args[0])
  }

  async clear(): Promise<void> {
    await this.ask('clear')
  }

  async keys(): Promise<K[]> {
    const keys: K[] = []
    for await (const [key] of this.#entries(false)) keys.push(key)
    return keys
  }

  async values(): Promise<V[]> {
    return (await this.entries()).map(([, value]) => value)
  }

  /** All entries, in the order in which their keys came. */
  async entries(): Promise<[K, V][]> {
    const entries: [K, V][] = []
    for await (const entry of this) entries.push(entry)
    return entries
  }

  /**
   * Its entries, 4,096 in one step: in a larger one, changes meanwhile may be seen or not, and may
   * hide other entries.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<[K, V], void, undefined> {
    yield* this.#entries(true) as AsyncGenerator<[K, V], void, undefined>
  }

  async *#entries(withValues: boolean): AsyncGenerator<[K, V | undefined], void, undefined> {
    for (let skip = 0; ;) {
      const { args, values } = await this.ask('entries', { args: [skip, PAGE_ENTRIES, withValues] })
      if (args.length === 0) return
      if (withValues && values.length !== args.length) {
        throw new P2pJobsError('BAD_MESSAGE', 'a manager gave keys without their values')
      }
      for (const [place, key] of args.entries()) {
        const bytes = values[place]
        const value = bytes === undefined ? undefined : (decodeValue(bytes) as V)
        yield [keyOfText(String(key)) as K, value]
      }
      skip += args.length
      if (args.length < PAGE_ENTRIES && skip >= (await this.size())) return
    }
  }
}

/** An entry as it is sent. */
interface Encoded {
  readonly text: string
  readonly bytes: Uint8Array
}

function textsAndBytesOf(entry: readonly [Key, unknown], place: number): Encoded {
  if (!Array.isArray(entry)) {
    const rule = `entry[${place}] must be a list of a key and its value`
    throw new P2pJobsError('USAGE', `${rule}, not ${shown(entry)}`)
  }
  const [key, value] = entry
  return { text: textOfKey(key), bytes: bytesOf(value, `value[${place}]`) }
}

/** In parts of which each is one call. */
function* partsOf(entries: readonly Encoded[]): Generator<Encoded[]> {
  let part: Encoded[] = []
  let bytes = 0
  for (const entry of entries) {
    const isFull = part.length === UPDATE_ENTRIES || bytes + entry.bytes.length > ITEM_BYTES_MAX
    if (part.length > 0 && isFull) {
      yield part
      part = []
      bytes = 0
    }
    part.push(entry)
    bytes += entry.bytes.length
  }
  if (part.length > 0) yield part
}
