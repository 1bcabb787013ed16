/**
 * What the tests of values share: there and back, what was refused, and whether two graphs of
 * objects are the same, cycles and shared references included.
 */
import { decodeValue } from '../../../src/values/decode.ts'
import { encodeValue } from '../../../src/values/encode.ts'
import { operatingErrorOf } from '../../../src/core/errors.ts'

export function thereAndBack(value: unknown): unknown {
  return decodeValue(encodeValue(value, 'argument'))
}

/** The message of the BAD_VALUE that `work` throws. */
export function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (thrown) {
    const error = operatingErrorOf(thrown)
    if (error?.code !== 'BAD_VALUE') throw thrown
    return error.message
  }
  throw new Error('nothing was refused')
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Where two values differ, as a path; undefined if nowhere. */
export function differenceOf(one: unknown, other: unknown): string | undefined {
  return new Comparison().between(one, other, '$')
}

class Comparison {
  /** Which object of the one stands for which of the other: each for exactly one. */
  readonly #pairs = new Map<object, object>()
  readonly #reverse = new Map<object, object>()

  between(one: unknown, other: unknown, path: string): string | undefined {
    if (!isObject(one) || !isObject(other)) return Object.is(one, other) ? undefined : path
    if (this.#pairs.has(one) || this.#reverse.has(other)) {
      return this.#pairs.get(one) === other && this.#reverse.get(other) === one
        ? undefined
        : `${path} (identity)`
    }
    this.#pairs.set(one, other)
    this.#reverse.set(other, one)
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) return `${path} (prototype)`
    return (
      this.#lists(insideOf(one), insideOf(other), `${path}.inside`) ??
      this.#lists(propertiesOf(one), propertiesOf(other), `${path}.own`)
    )
  }

  #lists(one: readonly unknown[], other: readonly unknown[], path: string): string | undefined {
    if (one.length !== other.length) return `${path}.length`
    for (const [index, value] of one.entries()) {
      const difference = this.between(value, other[index], `${path}[${index}]`)
      if (difference !== undefined) return difference
    }
    return undefined
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** What an object holds beside its properties. */
function insideOf(object: object): readonly unknown[] {
  if (object instanceof Map) return [...object].flat()
  if (object instanceof Set) return [...object]
  if (object instanceof Date) return [object.getTime()]
  if (object instanceof RegExp) return [object.source, object.flags, object.lastIndex]
  if (object instanceof ArrayBuffer) return [...new Uint8Array(object)]
  if (ArrayBuffer.isView(object)) return [object.byteLength, object.byteOffset, object.buffer]
  if (/^(Boolean|Number|String|BigInt)$/.test(object.constructor.name)) return [object.valueOf()]
  return []
}

/** Names, values and whether they are listed; holes of an array are names that are not there. */
function propertiesOf(object: object): readonly unknown[] {
  if (ArrayBuffer.isView(object)) return []
  const descriptors = Object.getOwnPropertyDescriptors(object)
  const names = Object.keys(descriptors)
  // What makes an error comes in an order of the engine's own.
  if (object instanceof Error) names.sort()
  return names.flatMap((name) => {
    const value = (object as Record<string, unknown>)[name]
    return [name, descriptors[name]?.enumerable, value]
  })
}
