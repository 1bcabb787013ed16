/**
 * What an object is, by what it holds inside and not by what it looks like, and whether it can be
 * sent as that. Whose prototype is not built in would arrive without it: structured clone lets
 * that happen silently, here it is refused.
 */
import { types } from 'node:util'
import { ERRORS, VIEWS } from './format.ts'
import { referenceOf } from './references.ts'
import { Refusal } from './refusal.ts'
import { refusalOf } from './refused-objects.ts'

export type Kind =
  | 'object'
  | 'list'
  | 'map'
  | 'set'
  | 'date'
  | 'regexp'
  | 'error'
  | 'boxed'
  | 'buffer'
  | 'view'
  | 'shared'

/** Prototypes that are built in though their constructors are written in JavaScript. */
const builtIn = new WeakSet<object>([Buffer.prototype])

/** The type of a view, whatever its prototype is now. */
const viewName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag
)

/** Errors of any realm; the compiler does not know it yet. */
const { isError } = Error as unknown as { isError: (value: unknown) => boolean }

/** Throws a Refusal for what cannot be sent. */
export function kindOf(value: object): Kind {
  if (types.isProxy(value)) {
    if (referenceOf(value) !== undefined) return 'shared'
    throw new Refusal('is a Proxy; pass a plain copy of what stands behind it')
  }
  const prototype = Object.getPrototypeOf(value) as object | null
  if (prototype === Object.prototype) return 'object'
  if (prototype === Array.prototype && Array.isArray(value)) return 'list'
  const kind = brandOf(value)
  if (prototype === null || kind === 'error') return kind
  const isPlain = kind === 'object' ? isObjectPrototype(prototype) : isBuiltIn(prototype)
  if (isPlain) return kind
  if (referenceOf(value) !== undefined) return 'shared'
  throw refusalOf(value, prototype, kind)
}

/** The number of a view's type in the format. */
export function viewNumberOf(view: ArrayBufferView): number {
  const name = viewName?.get?.call(view) as (typeof VIEWS)[number] | undefined
  return VIEWS.indexOf(name ?? 'DataView')
}

/** The number of the built-in error that an error is, or extends. */
export function errorNumberOf(error: object): number {
  let prototype = Object.getPrototypeOf(error) as object | null
  while (prototype !== null) {
    const name = isBuiltIn(prototype) ? constructorOf(prototype)?.name : undefined
    const number = ERRORS.findIndex((each) => each === name)
    if (number >= 0) return number
    prototype = Object.getPrototypeOf(prototype) as object | null
  }
  return 0
}

function brandOf(value: object): Kind {
  if (ArrayBuffer.isView(value)) return 'view'
  if (Array.isArray(value)) return 'list'
  if (isError(value) || value instanceof Error) return 'error'
  if (types.isMap(value)) return 'map'
  if (types.isSet(value)) return 'set'
  if (types.isDate(value)) return 'date'
  if (types.isArrayBuffer(value)) return 'buffer'
  if (types.isRegExp(value)) return 'regexp'
  // A boxed symbol is no data: what it holds could not be sent either.
  if (types.isBoxedPrimitive(value) && !types.isSymbolObject(value)) return 'boxed'
  return 'object'
}

/** Object.prototype of any realm: some test runners load modules into a realm of their own. */
function isObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && isBuiltIn(prototype)
}

function isBuiltIn(prototype: object): boolean {
  if (builtIn.has(prototype)) return true
  const constructor = constructorOf(prototype)
  if (constructor === undefined || !isNative(constructor)) return false
  builtIn.add(prototype)
  return true
}

function constructorOf(prototype: object): { name: string } | undefined {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function') return undefined
  return constructor.prototype === prototype ? constructor : undefined
}

function isNative(constructor: object): boolean {
  return Function.prototype.toString.call(constructor).endsWith('{ [native code] }')
}
