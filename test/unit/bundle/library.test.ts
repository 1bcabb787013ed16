/**
 * What a bundle has in place of the library.
 */
import { runInThisContext } from 'node:vm'
import { expect } from 'chai'
import { LIBRARY_IN_BUNDLE } from '../../../src/bundle/library.ts'

type Stub = (...args: unknown[]) => unknown

/** The object that imports of `p2pjobs` read, and no more of its module than a bundle has. */
function load(): Record<string, Stub> {
  const module: { exports?: Record<string, Stub> } = {}
  const run = runInThisContext(`(module) => { ${LIBRARY_IN_BUNDLE} }`) as (into: object) => void
  run(module)
  return module.exports!
}

describe('the library in a bundle', () => {
  const { task, taskContext, Pool } = load()
  const refusal =
    "'Pool' of p2pjobs was used inside a task: use it in the program that submits tasks"

  it('has task, which gives the function back', () => {
    const fn = (): number => 1
    expect(task!({}, fn)).to.equal(fn)
  })

  it('has taskContext, which reads what the process that runs tasks has set', () => {
    const slot = Symbol.for('p2pjobs.context')
    expect(() => taskContext!())
      .to.throw('taskContext() was called outside a task')
      .with.property('code', 'BAD_FUNCTION')
    Reflect.set(globalThis, slot, { attempt: 1 })
    try {
      expect(taskContext!()).to.deep.equal({ attempt: 1 })
    } finally {
      Reflect.deleteProperty(globalThis, slot)
    }
  })

  it('lets anything else be imported, and refuses its use', () => {
    expect(Pool).to.be.a('function')
    const Made = Pool as unknown as new () => object
    for (const use of [
      () => Pool!(),
      () => new Made(),
      () => Reflect.get(Pool!, 'open') as unknown,
      () => class extends Made {}
    ]) {
      expect(use).to.throw(refusal).with.property('code', 'BAD_FUNCTION')
    }
    expect(new Error() instanceof Made).to.equal(false)
  })

  it('is no promise and no compiled module to those who ask', async () => {
    const library = load()
    expect(await Promise.resolve(library)).to.equal(library)
    expect(library['__esModule']).to.equal(undefined)
    expect(String(Reflect.get(library, Symbol.toStringTag))).to.equal('undefined')
  })
})
