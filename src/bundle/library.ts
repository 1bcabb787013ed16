/**
 * What a bundle gets in place of this library, so that the library itself never travels.
 *
 * A module of tasks may import anything from `p2pjobs`, for code that runs at its submitter. In
 * a bundle only `task` and `taskContext` are there; every other name stands for something that
 * says so when it is used, not before.
 */

/** Makes the object whose properties the imports of `p2pjobs` read. Only its text is used. */
function makeLibrary(): object {
  const failure = (message: string): Error =>
    Object.assign(new Error(message), { name: 'P2pJobsError', code: 'BAD_FUNCTION' })

  const standIn = (name: string): unknown => {
    const refuse = (): never => {
      throw failure(
        `'${name}' of p2pjobs was used inside a task: use it in the program that submits tasks`
      )
    }
    // Asking whether something is an instance of a class that is not there has an answer: no.
    const get = (_: object, key: string | symbol): unknown =>
      key === Symbol.hasInstance ? () => false : typeof key === 'symbol' ? undefined : refuse()
    return new Proxy(function () {}, { get, apply: refuse, construct: refuse })
  }

  const task = (_: unknown, fn: unknown): unknown => fn
  const taskContext = (): unknown => {
    const context: unknown = Reflect.get(globalThis, Symbol.for('p2pjobs.context'))
    if (context !== undefined) return context
    throw failure(
      'taskContext() was called outside a task: call it within the function that runs as one'
    )
  }

  // Names by which loaders ask what kind of module this is.
  const silent = new Set<string | symbol>(['then', 'default', '__esModule'])
  const others = new Proxy(
    {},
    {
      get: (_, key) => (typeof key === 'symbol' || silent.has(key) ? undefined : standIn(key))
    }
  )
  return Object.assign(Object.create(others) as object, { task, taskContext })
}

/** The CommonJS module that takes the library's place: any name can be imported from it. */
export const LIBRARY_IN_BUNDLE = `module.exports = (${makeLibrary.toString()})()\n`
