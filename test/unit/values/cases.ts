/**
 * Values of every type that structured clone carries. Each must come out as structured clone
 * makes it.
 */
const shared = { a: 1 }

const memory = new ArrayBuffer(64)
new Uint8Array(memory).forEach((_, index, bytes) => {
  bytes[index] = index * 7
})

const far: number[] = [1]
far[2_000] = 2

const cycle: Record<string, unknown> = { name: 'cycle' }
cycle['itself'] = cycle
cycle['list'] = [cycle]

const mapOfItself = new Map<unknown, unknown>()
mapOfItself.set(mapOfItself, new Set([mapOfItself]))

function entries(count: number): [string, number][] {
  return Array.from({ length: count }, (_, index) => [`key ${index}`, index])
}

/** Records of as many shapes, each shape twice. */
function recordsOf(shapes: number): object[] {
  const all = Array.from({ length: shapes }, (_, index) => ({ [`a${index}`]: 1, b: index }))
  return [...all, ...all.map((record) => ({ ...record }))]
}

function parsed(json: string): unknown {
  return JSON.parse(json)
}

/** A hole wherever there is a `_`. */
function listOf(pattern: string): unknown[] {
  const list = new Array<unknown>(pattern.length)
  pattern.split('').forEach((item, index) => {
    if (item !== '_') list[index] = item
  })
  return list
}

function deleting(): object {
  const object = {
    get a(): number {
      Reflect.deleteProperty(object, 'b')
      return 1
    },
    b: 2,
    c: 3
  }
  return object
}

function viewsOf(buffer: ArrayBuffer): ArrayBufferView[] {
  const { Float16Array } = globalThis as unknown as {
    Float16Array: new (buffer: ArrayBuffer) => ArrayBufferView
  }
  return [
    new Int8Array(buffer),
    new Uint8Array(buffer),
    new Uint8ClampedArray(buffer),
    new Int16Array(buffer),
    new Uint16Array(buffer),
    new Int32Array(buffer),
    new Uint32Array(buffer),
    new Float16Array(buffer),
    new Float32Array(buffer),
    new Float64Array(buffer),
    new BigInt64Array(buffer),
    new BigUint64Array(buffer),
    new DataView(buffer)
  ]
}

/** Made anew for each use: some change when they are read. */
export function carriedCases(): Readonly<Record<string, unknown>> {
  return {
    undefined: undefined,
    null: null,
    'true and false': [true, false],
    'whole numbers': [0, 1, 127, 128, -1, -64, -65, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53],
    'other numbers': [-0, 0.1, NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE],
    'small bigints': [0n, 1n, -1n, 255n, 256n, 2n ** 64n - 1n, -(2n ** 63n)],
    'large bigints': [2n ** 64n, -(2n ** 64n), 2n ** 68n, 10n ** 1000n, -(3n ** 10_000n)],
    'short text': ['', 'x'.repeat(31), 'x'.repeat(32), 'é', '漢字', '𝒳', '\u0000', '\u007f\u0080'],
    'text with a byte order mark': ['\ufeffa', `\ufeff${'x'.repeat(50)}`],
    'text of middle length': ['é'.repeat(31), '漢'.repeat(50), 'x'.repeat(42), 'x'.repeat(43)],
    'text with half a pair': ['\ud800', 'a\udc00b', '\udc00\ud800'.repeat(5_000)],
    'long text': ['x'.repeat(100_000), '漢x𝒳'.repeat(100_000)],
    'objects of any number of keys': [{}, { a: 1 }, ...[15, 16, 40].map(objectOf)],
    'an object with many keys': objectOf(5_000),
    'records of one shape': Array.from({ length: 50 }, (_, id) => ({ id, tags: ['a'] })),
    'records of many shapes': recordsOf(40),
    'a record of a late shape, again': [...recordsOf(40), { a39: 1, b: 1 }],
    'keys of all kinds': { '': 1, 7: 2, 'a b': 3, é: 4, '\ud800': 5, ['k'.repeat(99)]: 6 },
    'keys that are numbers': [
      { 1: 1, 63: 2 },
      { 64: 1, a: 2 },
      { 1023: 1, 4294967294: 2, 5: 3 }
    ],
    'keys that objects inherit': parsed('{"__proto__": {"a": 1}, "toString": 2, "b": 3}'),
    'an object without prototype': Object.assign(Object.create(null) as object, { a: 1 }),
    'a property that a getter deletes': deleting(),
    'keys that are symbols or not listed': Object.defineProperty({ [Symbol('s')]: 1, a: 2 }, 'b', {
      value: 3
    }),
    'arrays of any length': [0, 1, 15, 16, 200].map((length) =>
      new Array<string>(length).fill('x')
    ),
    fractions: [
      [0, 0.5, 1, 1.5],
      [0.5, -0, NaN, 3],
      [0.5, 0.5, 0.5, 'x']
    ],
    'fractions and holes': Object.assign(new Array(6).fill(0.5, 2), { 0: 0.25 }),
    'arrays with holes': ['_a', 'a__b', 'a_', '___', 'a_b_c'].map(listOf),
    'undefined beside holes': Object.assign(listOf('_a_'), { 0: undefined }),
    'items that are far apart': far,
    'what a regular expression found': /(?<n>b)/.exec('abc'),
    'arrays with names': [Object.assign(listOf('a_b'), { x: 1 }), Object.assign([], { x: [] })],
    'an array with numbers that are no items': Object.assign([1], { 4294967295: 1, '0100': 2 }),
    'a long array with a name': Object.assign(new Array(100).fill(0), { x: 1 }),
    'boxed primitives': [Object(true), Object(false), Object(-0), Object('é'), Object(5n)],
    'boxed primitives with properties': Object.assign(Object(1) as object, { valueOf: 2 }),
    dates: [new Date(0), new Date(-1.5), new Date(8.64e15), new Date(NaN)],
    'regular expressions': [/a\/b/, /[é]/giu, /(?<n>x)/dsy, new RegExp(''), /x/v],
    'a regular expression in use': Object.assign(/a/g, { lastIndex: 3 }),
    maps: [
      new Map(),
      new Map<unknown, unknown>([
        [NaN, -0],
        ['a', new Map()],
        [{}, [1]]
      ])
    ],
    sets: [new Set(), new Set<unknown>([1, 'a', {}, [new Set([1])]])],
    'large maps and sets': [new Map(entries(3_000)), new Set(entries(3_000).flat())],
    'a map without prototype': Object.setPrototypeOf(new Map([[1, 2]]), null) as unknown,
    'an object that holds itself': cycle,
    'a map that holds itself': mapOfItself,
    'shared references': [shared, { shared }, new Set([shared]), [[shared]], Object(1)],
    'more objects than are looked through': Array.from({ length: 50 }, (_, index) =>
      index % 2 === 0 ? shared : { index }
    ),
    buffers: [new ArrayBuffer(0), memory, memory],
    'every view of the same memory': viewsOf(memory),
    'empty views': viewsOf(new ArrayBuffer(0)),
    'a view and then its memory': [new Uint8Array(memory), memory],
    'memory and then a view of a part': [memory, new Uint16Array(memory, 6, 4)],
    'a view of a part and then the memory': [new Float64Array(memory, 8, 4), memory]
  }
}

function objectOf(keys: number): object {
  return Object.fromEntries(entries(keys))
}
