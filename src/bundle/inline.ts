/**
 * Functions given as bare values: only their text can travel, so it must need nothing else.
 *
 * Everything a worker would get wrong is refused here, at submit time, with what to do instead.
 */
import { unreachable } from '../core/assert.ts'
import { expressionModule, readFunction } from './free-names.ts'
import { isIdentifier, listOf, refusal } from './refusal.ts'

/** A helper that some compilers call around inner functions, to keep their names. */
const NAME_HELPER = '__name'
const NAME_HELPER_SOURCE =
  "const __name = (fn, value) => Object.defineProperty(fn, 'name', { value, configurable: true })\n"

/** The source of an ES module whose default export is `fn`; throws if it is not self-contained. */
export function inlineModule(fn: (...args: never[]) => unknown): string {
  const source = Function.prototype.toString.call(fn)
  const text = readFunction(source)
  if (text.kind !== 'function') throw refusal(subjectOf(fn.name), problemOf(text, fn.name))
  const outside = text.outside.filter((name) => name !== NAME_HELPER)
  if (outside.length > 0) throw refusal(subjectOf(fn.name), outsideProblem(outside, fn.name))
  const helper = text.outside.includes(NAME_HELPER) ? NAME_HELPER_SOURCE : ''
  return `${helper}${expressionModule(source)}`
}

function subjectOf(name: string): string {
  return name === '' ? 'the anonymous function' : `'${name}'`
}

function outsideProblem(outside: readonly string[], name: string): string {
  const pass = outside.length === 1 ? 'pass it as an argument' : 'pass them as arguments'
  return `it uses ${listOf(outside)} from outside: ${pass}, or ${exportOf(name)}`
}

function problemOf(
  text: Exclude<ReturnType<typeof readFunction>, { kind: 'function' }>,
  name: string
): string {
  switch (text.kind) {
    case 'method':
      return `it is a method, which needs its object: ${exportOf('')} that makes the object itself`
    case 'class':
      return `it is a class: ${exportOf('')} that makes the object itself`
    case 'generator':
      return 'it is a generator, and a task gives one result: return an array'
    case 'native':
      return name.startsWith('bound ')
        ? `it is a bound function, whose text is not known: pass what it is bound to as an ` +
            `argument, or ${exportOf('')}`
        : `it is not written in JavaScript: wrap it, as in (x) => Math.sqrt(x)`
    case 'unreadable':
      return `its text cannot stand alone (${text.reason}): ${exportOf(name)}`
    default:
      return unreachable(text)
  }
}

/** The cure that always works. */
function exportOf(name: string): string {
  const shown = isIdentifier(name) ? name : ''
  const call = `task(import.meta, function ${shown || 'name'} ...)`
  return `export ${shown === '' ? 'a function' : 'it'} from a module of its own with ${call}`
}
