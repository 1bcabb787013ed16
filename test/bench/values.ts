/**
 * How fast values become bytes and come back, beside v8.serialize, in one run:
 *
 *     ./node_modules/.bin/node test/bench/values.ts
 */
import { deserialize, serialize } from 'node:v8'
import { decodeCalls, encodeCalls } from '../../src/values/calls.ts'
import { decodeValue } from '../../src/values/decode.ts'
import { encodeValue } from '../../src/values/encode.ts'

const MEASURE_MS = 300
const ROUNDS = 3

interface Subject {
  readonly name: string
  readonly encode: () => Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

function ofValue(name: string, value: unknown): Subject {
  return { name, encode: () => encodeValue(value, 'argument'), decode: decodeValue }
}

function ofCalls(name: string, calls: unknown[][]): Subject {
  return { name, encode: () => encodeCalls(calls), decode: decodeCalls }
}

function ofV8(value: unknown): Subject {
  return {
    name: 'v8',
    encode: () => serialize(value),
    decode: (bytes) => deserialize(bytes) as unknown
  }
}

/**
 * Times in a second of processor time of this thread, the best of a few rounds: other programs on
 * the machine only slow down. Collecting garbage on other threads is not counted, on either side.
 */
function rateOf(work: () => unknown): number {
  let best = 0
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.threadCpuUsage()
    let times = 0
    let ms = 0
    let batch = 1
    while (ms < MEASURE_MS) {
      for (let time = 0; time < batch; time++) work()
      times += batch
      const { user, system } = process.threadCpuUsage(start)
      ms = (user + system) / 1_000
      if (ms < MEASURE_MS / 10) batch *= 2
    }
    best = Math.max(best, (times * 1_000) / ms)
  }
  return best
}

const records = Array.from({ length: 1_000 }, (_, id) => ({
  id,
  name: `record ${id}`,
  score: id / 7,
  tags: ['a', 'b'],
  isActive: id % 2 === 0
}))
const chunk = Array.from({ length: 100 }, (_, index) => [index])
const subjects: [Subject, unknown][] = [
  [ofCalls('[[1]]', [[1]]), [[1]]],
  [
    ofCalls('[["abc", {a: 1, b: [true]}]]', [['abc', { a: 1, b: [true] }]]),
    [['abc', { a: 1, b: [true] }]]
  ],
  [ofCalls('a chunk of 100 calls of a number', chunk), chunk],
  [ofValue('1,000 records of 5 fields', records), records]
]
for (const [name, value] of Object.entries({
  'text of 100 characters': 'x'.repeat(100),
  'text of 1,000 characters, not ASCII': 'é漢x'.repeat(333),
  '100,000 whole numbers': Array.from({ length: 100_000 }, (_, index) => index),
  '100,000 fractions': Array.from({ length: 100_000 }, (_, index) => index / 3),
  'Map of 100 entries': new Map(Array.from({ length: 100 }, (_, key) => [`key ${key}`, key])),
  error: new TypeError('failed', { cause: { status: 404 } }),
  'Uint8Array of 16 bytes': new Uint8Array(16),
  'Uint8Array of 1 MiB': new Uint8Array(1024 * 1024),
  'Float64Array of 8 MiB': new Float64Array(1024 * 1024)
})) {
  subjects.push([ofValue(name, value), value])
}

const digits = (number: number): string => Math.round(number).toLocaleString('en').padStart(12)
console.log(
  `${''.padEnd(38)}${'bytes'.padStart(12)}${'encode/s'.padStart(12)}${'decode/s'.padStart(12)}`
)
for (const [subject, value] of subjects) {
  for (const { name, encode, decode } of [subject, ofV8(value)]) {
    const bytes = encode()
    const rates = [rateOf(encode), rateOf(() => decode(bytes))]
    console.log(name.padEnd(38) + [bytes.length, ...rates].map(digits).join(''))
  }
}
