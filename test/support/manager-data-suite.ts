/**
 * The same as `manager-suite.ts` for what holds data: values, dicts, lists, and the remote managers
 * of `_test_multiprocessing.py` with objects of one's own.
 */
import { expect } from 'chai'
import { names } from './manager-suite.ts'
import type { Two } from './manager-suite.ts'
import { failureOf } from './pool-suite.ts'

/** CPython's `codes_values`, and what can be sent beside it. */
const VALUES: readonly unknown[] = [
  ...['hall\u00e5 v\u00e4rlden', null, undefined, true, 2.25, -0, NaN, 2n ** 70n, ''],
  new Map<unknown, unknown>([[{ a: 1 }, new Set([1, [2]])]]),
  new Date(0),
  new Uint8Array([0, 255])
]

/** An object of one's own; `FooBar` in CPython's tests. */
export class FooBar {
  calls = 0

  f(): string {
    return `f() #${++this.calls}`
  }

  g(): never {
    throw new TypeError('g() fails')
  }

  async slow(value: unknown): Promise<unknown> {
    return await Promise.resolve(value)
  }

  _h(): string {
    return '_h()'
  }
}

export function dataSuite(two: () => Two): void {
  const name = names('data')

  it('Value test_value', async () => {
    for (const initial of VALUES) {
      const value = two().one.value(name(), initial)
      expect(await value.get()).to.deep.equal(initial)
      // It is there: what it would begin with is of no interest.
      const other = two().two.value(value.name, VALUES[0])
      expect(await other.get()).to.deep.equal(initial)
      await other.set({ changed: [initial] })
      expect(await value.get()).to.deep.equal({ changed: [initial] })
    }
  })

  it('a value is updated in one step', async () => {
    const value = two().one.value(name(), 0)
    await value.get()
    const other = two().two.value(value.name, 0)
    const works = Array.from({ length: 20 }, async (_, at) => {
      await (at % 2 === 0 ? value : other).update((count) => count + 1)
    })
    await Promise.all(works)
    expect(await other.get()).to.equal(20)
    const problem = failureOf(value.update(() => Promise.reject(new Error('of the change'))))
    expect((await problem).message).to.equal('of the change')
    expect(await value.get()).to.equal(20)
  })

  it('test_list', async () => {
    const list = two().one.list(name())
    const other = two().two.list(list.name)
    await list.push(...Array.from({ length: 10 }, (_, at) => at))
    expect(await other.slice()).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect([await other.at(2), await other.at(-1), await other.at(10)]).to.deep.equal([
      2,
      9,
      undefined
    ])
    expect(await other.at(-11)).to.equal(undefined)
    expect(await other.slice(2, 5)).to.deep.equal([2, 3, 4])
    expect(await other.splice(2, 6, 'a', 'b')).to.deep.equal([2, 3, 4, 5, 6, 7])
    expect([await list.indexOf('b'), await list.includes(8), await list.includes(7)]).to.deep.equal(
      [...[3, true], false]
    )
    await list.insert(1, { deep: ['x'] })
    expect(await list.indexOf({ deep: ['x'] })).to.equal(1)
    expect([await list.pop(), await list.pop(1), await list.shift()]).to.deep.equal([
      ...[9, { deep: ['x'] }],
      0
    ])
    expect(await list.pop(-10)).to.equal(undefined)
    await other.set(-1, 'last')
    await other.reverse()
    await other.unshift('first')
    expect(await list.slice()).to.deep.equal(['first', 'last', 'b', 'a', 1])
    const missing = await failureOf(list.set(5, 'x'))
    expect(missing).to.include({ code: 'NOT_FOUND' })
    expect(missing.message).to.equal(`the list '${list.name}' has no item at place 5`)
    await list.clear()
    expect([await other.length(), await other.pop(), await other.shift()]).to.deep.equal([
      0,
      undefined,
      undefined
    ])
  })

  it('test_list_iter, of more than one step has', async () => {
    const list = two().one.list<number>(name())
    const numbers = Array.from({ length: 2_500 }, (_, at) => at)
    await list.push(...numbers)
    const seen: number[] = []
    for await (const item of two().two.list<number>(list.name)) seen.push(item)
    expect(seen).to.deep.equal(numbers)
  })

  it('test_dict', async () => {
    const dict = two().one.dict<string | number>(name())
    const other = two().two.dict<string | number>(dict.name)
    for (const number of [65, 66, 67, 68]) await dict.set(number, String.fromCharCode(number))
    expect(await other.keys()).to.deep.equal([65, 66, 67, 68])
    expect(await other.values()).to.deep.equal(['A', 'B', 'C', 'D'])
    expect(await other.entries()).to.deep.equal([
      [65, 'A'],
      [66, 'B'],
      [67, 'C'],
      [68, 'D']
    ])
    expect([await other.get(66), await other.get('66'), await other.has(65)]).to.deep.equal([
      'B',
      undefined,
      true
    ])
    expect([await other.setDefault(66, 'x'), await other.setDefault('e', 'y')]).to.deep.equal([
      'B',
      'y'
    ])
    expect([await dict.pop(65), await dict.pop(65, 'gone'), await dict.popItem()]).to.deep.equal([
      ...['A', 'gone'],
      ['e', 'y']
    ])
    const missing = await failureOf(dict.pop(65))
    expect(missing).to.include({ code: 'NOT_FOUND' })
    expect(missing.message).to.equal(`the dict '${dict.name}' has no key 65`)
    expect((await failureOf(other.pop('z'.repeat(99)))).message).to.match(/no key 'z{60}…'$/)
    expect([await dict.delete(66), await dict.delete(66), await dict.size()]).to.deep.equal([
      ...[true, false],
      2
    ])
    await dict.clear()
    expect(await failureOf(other.popItem())).to.include({ code: 'NOT_FOUND' })
  })

  it('test_dict_iter, of more than one step has', async () => {
    const dict = two().one.dict<number, number>(name())
    const entries = Array.from({ length: 9_000 }, (_, at): [number, number] => [at, -at])
    await dict.update(entries)
    const seen: [number, number][] = []
    for await (const entry of two().two.dict<number, number>(dict.name)) seen.push(entry)
    expect(seen).to.deep.equal(entries)
  })

  it('test_remote: whatever can be sent comes back from the queue as it was', async () => {
    const queue = two().one.queue(name())
    const other = two().two.queue(queue.name)
    await queue.putMany(VALUES)
    for (const value of VALUES) expect(await other.get()).to.deep.equal(value)
  })

  it('test_mymanager: methods, and what they throw; private ones cannot be called', async () => {
    const { server, one, two: other } = two()
    const called = name()
    let made = 0
    server.register(called, () => {
      made++
      return new FooBar()
    })
    const [mine, theirs] = [one.object<FooBar>(called), other.object<FooBar>(called)]
    expect([await mine.f(), await theirs.f()]).to.deep.equal(['f() #1', 'f() #2'])
    expect(await theirs.slow(VALUES)).to.deep.equal(VALUES)
    expect(await failureOf(theirs.g())).to.include({ name: 'TypeError', message: 'g() fails' })
    expect(await failureOf(theirs._h())).to.include({ code: 'NOT_FOUND' })
    expect(made).to.equal(1)
    const callback = theirs.slow(() => 1)
    expect((await failureOf(callback)).message).to.match(/argument\[0\].*is a function/)
    const inside = await failureOf(theirs.slow({ callback: () => 1 }))
    expect(inside).to.include({ code: 'BAD_VALUE' })
    expect(() => server.register(called, () => new FooBar())).to.throw(/registered already/)
  })

  it('an object that is not registered is told so, and can be used once it is', async () => {
    const { server, two: other } = two()
    const called = name()
    const missing = await failureOf(other.object<FooBar>(called).f())
    expect(missing).to.include({ code: 'NOT_FOUND' })
    expect(missing.message).to.match(/no object 'data.* is registered: call manager\.register\(/)
    server.register(called, () => new FooBar())
    const found = other.object<FooBar>(called)
    expect(await found.f()).to.equal('f() #1')
    await server.delete(called)
    expect(await failureOf(found.f())).to.include({ code: 'DELETED' })
    expect(await other.object<FooBar>(called).f()).to.equal('f() #2')
  })

  it('a dict gets all of an update, or nothing if some of it cannot be sent', async () => {
    const dict = two().two.dict(name())
    const entries = Array.from({ length: 300 }, (_, at): [string, unknown] => [`${at}`, at])
    const unsendable = failureOf(dict.update([...entries, ['last', () => 1]]))
    expect(await unsendable).to.include({ code: 'BAD_VALUE' })
    expect(await failureOf(dict.update([...entries, 'xy' as never]))).to.include({ code: 'USAGE' })
    expect(await dict.size()).to.equal(0)
  })

  it('a factory that fails is tried again', async () => {
    const { server, two: other } = two()
    const called = name()
    let tries = 0
    server.register(called, () => {
      if (++tries === 1) throw new Error('not yet')
      return new FooBar()
    })
    const proxy = other.object<FooBar>(called)
    expect((await failureOf(proxy.f())).message).to.equal('not yet')
    expect(await proxy.f()).to.equal('f() #1')
  })
}
