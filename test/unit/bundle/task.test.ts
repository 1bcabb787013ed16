/**
 * Marking functions, and the context of a task that runs.
 */
import { expect } from 'chai'
import { task, taskContext, taskMarkOf } from '../../../src/bundle/task.ts'
import type { TaskContext } from '../../../src/bundle/task.ts'

const CONTEXT = Symbol.for('p2pjobs.context')

describe('task', () => {
  it('is the same function, with its types, and runs here as ever', () => {
    const square = (x: number): number => x * x
    const marked = task(import.meta, square)
    const result: number = marked(3)
    expect(result).to.equal(9)
    expect(marked).to.equal(square)
    const first = task(import.meta, function first<T>(list: readonly T[]): T | undefined {
      return list[0]
    })
    const letter: string | undefined = first(['a'])
    expect(letter).to.equal('a')
    // @ts-expect-error -- the type of the argument is kept
    expect(() => task(import.meta, square)('x')).to.not.throw()
  })

  it('notes where the function lives, out of sight', () => {
    const marked = task(import.meta, async function later() {
      await Promise.resolve()
    })
    const mark = { module: import.meta.url, export: 'later', isEntry: false }
    expect(taskMarkOf(marked)).to.deep.equal(mark)
    expect(Reflect.get(marked, Symbol.for('p2pjobs.task'))).to.deep.equal(mark)
    expect(Reflect.ownKeys(Object.assign({}, marked))).to.deep.equal([])
    expect(taskMarkOf(() => 1)).to.equal(undefined)
  })

  it('needs a name, and a function', () => {
    const message =
      'task() needs a function with a name: write export const square = ' +
      'task(import.meta, function square (x) { ... })'
    expect(() => task(import.meta, () => 1))
      .to.throw(message)
      .with.property('code', 'BAD_FUNCTION')
    expect(() => task(import.meta, 'square' as never)).to.throw(message)
  })
})

describe('taskContext', () => {
  afterEach(() => Reflect.deleteProperty(globalThis, CONTEXT))

  it('is what the process that runs tasks has set', () => {
    const { signal } = new AbortController()
    const context: TaskContext = { attempt: 2, signal, job: 1, task: 3, progress: () => undefined }
    Reflect.set(globalThis, CONTEXT, context)
    expect(taskContext()).to.equal(context)
  })

  it('says so outside a task', () => {
    expect(() => taskContext())
      .to.throw('taskContext() was called outside a task: call it within the function that runs as')
      .with.property('code', 'BAD_FUNCTION')
  })
})
