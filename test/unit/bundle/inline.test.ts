/**
 * Functions given as bare values: what is sent of them, and what is said when nothing can be.
 */
import { runInThisContext } from 'node:vm'
import { expect } from 'chai'
import { inlineModule } from '../../../src/bundle/inline.ts'
import { P2pJobsError } from '../../../src/core/errors.ts'

type AnyFunction = (...args: never[]) => unknown

/** A function as a script of the old kind defines it. */
function compiled(text: string): AnyFunction {
  return runInThisContext(`(${text})`) as AnyFunction
}

/** What the refusal of `fn` says. */
function refusalOf(fn: unknown): string {
  try {
    inlineModule(fn as AnyFunction)
  } catch (error) {
    expect(error).to.be.instanceOf(P2pJobsError)
    const { code, message } = error as P2pJobsError
    expect(code).to.equal('BAD_FUNCTION')
    expect(message).to.not.include('\n')
    return message
  }
  throw new Error(`${String(fn)} was taken`)
}

/** The function that a module made of `fn` exports. */
async function sent<F extends AnyFunction>(fn: F): Promise<F> {
  const url = `data:text/javascript,${encodeURIComponent(inlineModule(fn))}`
  return ((await import(url)) as { default: F }).default
}

describe('inlineModule', () => {
  const limit = 3
  const factor = 2

  it('sends a function whose text is enough', async () => {
    const add = await sent((a: number, b = 1): number => Math.max(a + b, 0))
    expect(add(2)).to.equal(3)
    const fib = await sent(function fib(n: number): number {
      return n < 2 ? n : fib(n - 1) + fib(n - 2)
    })
    expect(fib(10)).to.equal(55)
    const lines = await sent(async (): Promise<string> => (await import('node:os')).EOL)
    expect(await lines()).to.be.a('string')
  })

  it('gives the same text for the same function', () => {
    const make = (): AnyFunction => (x: number) => x + 1
    expect(inlineModule(make())).to.equal(inlineModule(make()))
    expect(inlineModule(make())).to.match(/^export default \(\(x\s*\) => x \+ 1\)\n$/)
  })

  it('names all outside variables and both cures', () => {
    expect(refusalOf((x: number) => x * limit)).to.equal(
      "cannot ship the anonymous function: it uses 'limit' from outside: pass it as an argument, " +
        'or export a function from a module of its own with task(import.meta, function name ...)'
    )
    const work = function work(x: number): number {
      return x * limit + factor * limit
    }
    expect(refusalOf(work)).to.equal(
      "cannot ship 'work': it uses 'limit' and 'factor' from outside: pass them as arguments, " +
        'or export it from a module of its own with task(import.meta, function work ...)'
    )
  })

  it('counts what is imported as outside', () => {
    const check = (x: number): void => {
      expect(x).to.equal(1)
    }
    expect(refusalOf(check)).to.include("'check': it uses 'expect' from outside: pass it")
  })

  it('names eight of many variables', () => {
    const many = compiled('() => [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10]')
    expect(refusalOf(many)).to.include("'v7', 'v8' and 2 more from outside")
  })

  it('says what a value is that is no plain function, and what to do', () => {
    class Point {
      x = 1
      static of(): Point {
        return new Point()
      }
      get twice(): number {
        return this.x * 2
      }
      norm(): number {
        return this.x
      }
    }
    const own =
      'export a function from a module of its own with task(import.meta, function name ...)'
    const method = `it is a method, which needs its object: ${own} that makes the object itself`
    const twice = Object.getOwnPropertyDescriptor(Point.prototype, 'twice') ?? {}
    expect(refusalOf(Reflect.get(Point.prototype, 'norm'))).to.equal(
      `cannot ship 'norm': ${method}`
    )
    expect(refusalOf(Reflect.get(Point, 'of'))).to.equal(`cannot ship 'of': ${method}`)
    expect(refusalOf(Reflect.get(twice, 'get'))).to.equal(`cannot ship 'get twice': ${method}`)
    expect(refusalOf(Point)).to.equal(
      `cannot ship 'Point': it is a class: ${own} that makes the object itself`
    )
    expect(
      refusalOf(function* count() {
        yield 1
      })
    ).to.equal(
      "cannot ship 'count': it is a generator, and a task gives one result: return an array"
    )
    expect(refusalOf(Math.sqrt)).to.equal(
      "cannot ship 'sqrt': it is not written in JavaScript: wrap it, as in (x) => Math.sqrt(x)"
    )
    expect(refusalOf(refusalOf.bind(null))).to.equal(
      "cannot ship 'bound refusalOf': it is a bound function, whose text is not known: pass what " +
        `it is bound to as an argument, or ${own}`
    )
    expect(refusalOf(new Proxy(refusalOf, {}))).to.include('it is not written in JavaScript')
  })

  it('refuses what only sloppy scripts may say', () => {
    const sloppy = compiled('function old () { return 010 }')
    expect(refusalOf(sloppy)).to.equal(
      "cannot ship 'old': its text cannot stand alone (Invalid number): export it from a module " +
        'of its own with task(import.meta, function old ...)'
    )
  })

  it('is not fooled by a function that lies about its text', () => {
    const liar = Object.assign((x: number) => x * limit, { toString: () => '() => 1' })
    expect(refusalOf(liar)).to.include("it uses 'limit' from outside")
  })

  it('gives the helper that compilers put around inner functions', async () => {
    const outer = compiled('() => { const inner = __name(() => 1, "shown"); return inner.name }')
    const name = await sent(outer as () => string)
    expect(name()).to.equal('shown')
  })
})
