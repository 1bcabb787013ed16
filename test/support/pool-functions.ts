/**
 * Functions for tests of the pool: a module of their own, as they are sent.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { task, taskContext } from '../../src/index.ts'

export const sqr = task(import.meta, function sqr(x: number, waitMs = 0) {
  return waitMs === 0 ? x * x : delay(waitMs).then(() => x * x)
})

export const mul = task(import.meta, function mul(x: number, y: number) {
  return x * y
})

export const raising = task(import.meta, function raising(): number {
  throw new RangeError('key')
})

class DivisionError extends Error {
  override readonly name = 'DivisionError'
  readonly divisor: number

  constructor(divisor: number) {
    super(`cannot divide by ${divisor}`, { cause: new TypeError('zero') })
    this.divisor = divisor
  }
}

/** Fails for every item that is divided by zero. */
export const divide = task(import.meta, function divide(x: number) {
  if (x === 0) throw new DivisionError(x)
  return 100 / x
})

export const unsendable = task(import.meta, function unsendable(x: number) {
  return x === 2 ? { callback: () => x } : { x }
})

/** Tells processes apart; in a sandbox, all have the same pid. */
const born = Math.random()

export const processOf = task(import.meta, function processOf() {
  return born
})

let initialized: unknown[] = []

export const initialize = task(import.meta, function initialize(...args: unknown[]) {
  initialized = [born, ...args]
})

export const initializedWith = task(import.meta, function initializedWith() {
  return initialized
})

export const failingInitializer = task(import.meta, function failingInitializer() {
  throw new Error('no database')
})

export const crash = task(import.meta, function crash(): number {
  process.abort()
})

export const exit = task(import.meta, function exit(code: number): number {
  process.exit(code)
})

/** Leaves something behind that fails once it has ended. */
export const leaving = task(import.meta, function leaving(what: string) {
  setImmediate(() => {
    throw new Error(what)
  })
})

export const print = task(import.meta, function print(text: string) {
  console.log(`out ${text}`)
  console.error(`err ${text}`)
  return text
})

/** Says how far it is, then waits until it is told to stop. */
export const untilAborted = task(import.meta, async function untilAborted() {
  const context = taskContext()
  context.progress('waiting')
  await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
})

/** Never ends, and hears nothing. */
export const spin = task(import.meta, function spin(): number {
  for (;;);
})

export const attemptOf = task(import.meta, function attemptOf(failures: number) {
  const { attempt } = taskContext()
  if (attempt <= failures) throw new Error(`attempt ${attempt}`)
  return attempt
})

export const echo = task(import.meta, function echo(value: unknown) {
  return value
})
