/**
 * What the text of a function needs from outside: a table of the language's scoping rules.
 */
import { expect } from 'chai'
import { readFunction } from '../../../src/bundle/free-names.ts'

/** Source of a function -> the names it takes from outside, in order. */
const CASES: Readonly<Record<string, readonly string[]>> = {
  // Nothing from outside.
  '(x) => x * x': [],
  'async (x) => await x': [],
  'x => x': [],
  'function f (x) { return x }': [],
  'async function f () { await null }': [],
  'function () { return arguments.length }': [],
  'function f () { return (() => arguments[0])() }': [],
  'function fib (n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }': [],
  '() => Math.max(1, Number.parseInt("2"), process.pid, Buffer.alloc(1).length)': [],
  '() => [undefined, NaN, Infinity, globalThis, structuredClone]': [],
  '() => { const x = 1; { const y = x; return () => y + x } }': [],
  '() => { f(); function f () { return v } var v = 1 }': [],
  '() => { later(); const later = () => 1 }': [],
  '() => { try { return 1 } catch (error) { return error.message } }': [],
  '() => { try { return 1 } catch { return 2 } }': [],
  '() => { outer: for (;;) { for (;;) { continue outer } } }': [],
  '() => { out: { break out } }': [],
  '() => { for (const [a, b] of []) a + b; for (let i = 0; i < 1; i++) i; for (var k in {}) k; return k }':
    [],
  '({ a, b: { c = 1, ...d }, [`${"e"}`]: e }, [f, , g = f], ...rest) => [a, c, d, e, f, g, rest]':
    [],
  '(a, b = a, c = () => b) => c': [],
  '(text) => `${text}-${text.length}`': [],
  '(o) => o.limit + o?.["limit"] + { limit: 1 }.limit': [],
  '() => { class A { #n = 1; static s = A.name; get n () { return this.#n } static { this.t = 1 } } return new A() }':
    [],
  '() => { class A { m () { return 1 } } class B extends A { m () { return super.m() } } return new B() }':
    [],
  '() => { const o = { m () { return this }, get g () { return this }, f: function () { return this } }; return o }':
    [],
  'async () => (await import("node:os")).EOL + (await import("fs")).constants': [],
  '() => { function* g () { yield 1 } return [...g()] }': [],
  'function () { return new.target }': [],
  '() => /(?<year>x)/v.exec("x")?.groups.year': [],
  '(key) => { switch (key) { case 1: let a = key; return a; default: return 0 } }': [],
  'async () => { for await (const x of []) x }': [],
  '() => { using r = null; return r }': [],
  '(x) => { const y = x; { eval("1"); return y } }': [],

  // Something from outside.
  '(x) => x * limit': ['limit'],
  '(x) => helper(lookup[x], helper)': ['helper', 'lookup'],
  '(x) => limit++ + x': ['limit'],
  '(x) => { total = x }': ['total'],
  '(x = limit) => x': ['limit'],
  '(x = y) => { var y = 1; return x }': ['y'],
  '({ a = b }) => a': ['b'],
  '({ [key]: a }) => a': ['key'],
  '() => { { const x = 1; x } return x }': ['x'],
  '() => { for (const x of []) x; return x }': ['x'],
  '() => { try { } catch (error) { } return error }': ['error'],
  '() => { const f = function inner () {}; return inner }': ['inner'],
  '() => { switch (1) { case 1: let a } return a }': ['a'],
  '() => `${limit}`': ['limit'],
  '() => tag`${1}`': ['tag'],
  '() => ({ limit })': ['limit'],
  '() => class extends Base {}': ['Base'],
  '() => class { [key] = value }': ['key', 'value'],
  '() => { limit: for (;;) { break limit } return limit }': ['limit'],
  // It might be declared where the function stands; elsewhere it would silently be undefined.
  '() => typeof window': ['window'],
  '() => arguments': ['arguments'],
  '() => describe': ['describe'],
  '() => require("fs")': ['require'],
  '() => __dirname': ['__dirname'],
  'function f () { return this.x + limit }': ['this', 'limit'],
  '() => this': ['this'],
  '() => () => this': ['this'],
  '(x = this) => x': ['this'],
  '() => class extends this.Base {}': ['this'],
  '() => class { [this.key] () { return this } }': ['this'],
  '() => super.m()': ['super'],
  '() => import.meta.url': ['import.meta'],
  '() => import("./x.ts")': ['import("./x.ts")'],
  '() => import("lodash")': ['import("lodash")'],
  '(x) => import(x)': ['import() of a computed name'],
  '() => { function inner () { return import.meta.dirname } return inner() }': ['import.meta']
}

/** Texts that are no function that could stand alone -> what they are. */
const KINDS: Readonly<Record<string, string>> = {
  'm (x) { return x }': 'method',
  'async m () {}': 'method',
  '* m () {}': 'method',
  'get size () { return 1 }': 'method',
  'set size (x) {}': 'method',
  '["m"] () {}': 'method',
  '#secret () { return this.#other }': 'method',
  'class A { constructor () {} }': 'class',
  'function* g () { yield 1 }': 'generator',
  'async function* () { yield 1 }': 'generator',
  'function sqrt() { [native code] }': 'native',
  'function () { [native code] }': 'native',
  'function f (o) { with (o) { return x } }': 'unreadable',
  'function f () { return 010 }': 'unreadable',
  '() => #x in {}': 'unreadable',
  '() => new.target': 'unreadable'
}

describe('readFunction', () => {
  for (const [source, outside] of Object.entries(CASES)) {
    it(`${source} needs ${outside.join(', ') || 'nothing'}`, () => {
      expect(readFunction(source)).to.deep.equal({ kind: 'function', outside })
    })
  }

  for (const [source, kind] of Object.entries(KINDS)) {
    it(`${source} is ${kind}`, () => {
      expect(readFunction(source).kind).to.equal(kind)
    })
  }

  it('says why a text cannot be read, without a position that means nothing', () => {
    expect(readFunction('function f () { return 010 }')).to.deep.equal({
      kind: 'unreadable',
      reason: 'Invalid number'
    })
  })

  it('reads what Node gives as the text of a typed function', () => {
    const typed = (x: number, ...more: readonly string[]): string => `${x}${more.join()}`
    expect(readFunction(typed.toString())).to.deep.equal({ kind: 'function', outside: [] })
  })
})
