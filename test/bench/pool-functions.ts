/** What the bench of the pool calls: for p2pjobs as a task, for piscina as a module of functions. */
import { task } from '../../src/index.ts'

export const noop = task(import.meta, function noop(x: number) {
  return x
})
