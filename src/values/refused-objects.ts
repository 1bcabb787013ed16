/**
 * What to say of objects that cannot be sent: what each is, and what to pass in its place.
 */
import { Refusal } from './refusal.ts'

const CURES: Readonly<Record<string, string>> = {
  Promise: 'await it and pass what it gives',
  WeakMap: 'pass a Map',
  WeakSet: 'pass a Set',
  WeakRef: 'pass what it refers to',
  SharedArrayBuffer: 'memory cannot be shared between machines: pass a copy in an ArrayBuffer',
  Generator: 'pass its items as an array',
  AsyncGenerator: 'pass its items as an array',
  Iterator: 'pass its items as an array',
  URL: 'pass its href',
  Headers: 'pass its entries as an array',
  Blob: 'pass its bytes, as blob.bytes() gives them',
  File: 'pass its bytes, as file.bytes() gives them',
  ReadableStream: 'read it and pass what it gives',
  MessagePort: 'ports do not reach other machines'
}

/** Plain forms of what has a prototype of its own. */
const PLAIN_FORMS: Readonly<Record<string, string>> = {
  list: 'a plain array',
  map: 'a plain Map',
  set: 'a plain Set',
  date: 'a plain Date',
  regexp: 'a plain RegExp',
  buffer: 'a plain ArrayBuffer',
  view: 'a plain typed array',
  boxed: 'the primitive value'
}

/** Why an object of this kind inside, with this prototype, is refused. */
export function refusalOf(value: object, prototype: object, kind: string): Refusal {
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1)
  const name = classNameOf(prototype)
  const cure = CURES[name] ?? CURES[tag.endsWith(' Iterator') ? 'Iterator' : tag]
  if (cure !== undefined) return new Refusal(`is ${withArticle(name === '' ? tag : name)}; ${cure}`)
  const plainForm = PLAIN_FORMS[kind]
  const advice =
    plainForm === undefined
      ? 'only plain data can be sent: pass its fields'
      : `only plain data can be sent: pass ${plainForm} made of it`
  return new Refusal(`${originOf(name, tag)}; ${advice}`)
}

function originOf(name: string, tag: string): string {
  if (name !== '') return `is an instance of ${name}`
  return tag === 'Object' ? 'inherits from another object' : `is an instance of ${tag}`
}

function withArticle(name: string): string {
  return /^[AEIO]/.test(name) ? `an ${name}` : `a ${name}`
}

/** The name of the class whose prototype this is, or nothing. */
function classNameOf(prototype: object): string {
  const constructor: unknown = Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  if (typeof constructor !== 'function' || constructor.prototype !== prototype) return ''
  return constructor.name
}
