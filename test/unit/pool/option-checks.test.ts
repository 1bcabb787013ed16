/** What a pool and its calls can be told; and that whatever they take, workers take, too. */
import { expect } from 'chai'
import fc from 'fast-check'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import type { FunctionRef } from '../../../src/core/spec.ts'
import type { BlobId } from '../../../src/core/types.ts'
import {
  checkCallbacks,
  checkCallOptions,
  checkMapOptions,
  checkPoolOptions,
  checkProcess
} from '../../../src/pool/option-checks.ts'
import { jobOptionsOf, profileOf, specOf, timeLimitOf } from '../../../src/pool/specs.ts'
import { decodeHead } from '../../../src/wire/codec.ts'
import { optionsFields, readOptions } from '../../../src/wire/job-options.ts'
import { encodeHead } from '../../../src/wire/message-pack-writer.ts'
import { decodeSpec, encodeSpec } from '../../../src/wire/spec.ts'
import { codeIn } from '../../support/code-of.ts'

const REF: FunctionRef = {
  bundle: { blob: 'ab'.repeat(32) as BlobId, bytes: 5 },
  exportName: 'work'
}
const code = { refOf: (): FunctionRef => REF }
const MIB = 1024 * 1024

/** Undefined if the options are taken, else the message of the USAGE. */
function refusalOf(checkIt: (options: never) => void, options: unknown): string | undefined {
  try {
    checkIt(options as never)
  } catch (thrown) {
    const error = operatingErrorOf(thrown)
    if (error?.code === 'USAGE') return error.message
    throw thrown
  }
  return undefined
}

/** Anything that a program might give for an option, much of it nearly right. */
const aValue = fc.oneof(
  fc.anything(),
  fc.constantFrom(0, 1, 1.5, -1, Infinity, 2 ** 31, 2 ** 53, 1e300, '', '1', true, false),
  fc.array(fc.anything()),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  fc.integer({ min: 1, max: 1_000_000 }),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 200 })
)

/** Some of the options, each with a value that is taken. */
function someTaken(
  checkIt: (options: never) => void,
  ...names: string[]
): fc.Arbitrary<Record<string, unknown>> {
  const values = names.map((name): [string, fc.Arbitrary<unknown>] => [
    name,
    aValue.filter((value) => refusalOf(checkIt, { [name]: value }) === undefined)
  ])
  return fc.record(Object.fromEntries(values), { requiredKeys: [] })
}

describe('pool: what calls can be told', function () {
  // Values that are taken have to be found, which takes long on a busy machine.
  this.timeout(60_000)
  const refused: Readonly<Record<string, readonly unknown[]>> = {
    signal: [new AbortController(), {}, null],
    timeoutMs: [0, -1, NaN, '100', 2 ** 53, null],
    retries: [-1, 0.5, Infinity, 1_000_001, '1', null],
    priority: [0.5, NaN, 2 ** 31 + 1, 'high', null],
    hedge: [1, 'yes', null],
    worker: ['', 'x'.repeat(129), 5, null],
    onProgress: [{}, null],
    chunksize: [0, -1, 1.5, NaN, 2 ** 53, '1', null],
    onDone: [5, null]
  }
  for (const [name, values] of Object.entries(refused)) {
    it(`refuses ${name} that cannot be meant, and names it`, () => {
      for (const value of values) {
        expect(refusalOf(checkMapOptions, { [name]: value })).to.match(
          new RegExp(`^${name} must be`)
        )
      }
    })
  }

  it('refuses what are no options', () => {
    for (const options of [null, undefined, 5, [], () => 1]) {
      expect(refusalOf(checkCallOptions, options)).to.match(
        /^the options of a call must be an object/
      )
    }
    expect(refusalOf(checkCallbacks, { callback: 5 })).to.match(/^callback must be a function/)
    expect(refusalOf(checkCallbacks, { errorCallback: null })).to.match(/^errorCallback must be/)
  })

  it('a time limit is rounded up to whole milliseconds; none is none', () => {
    const limits = [0.1, 1, 100.5, 3_000, Infinity, undefined].map(timeLimitOf)
    expect(limits).to.deep.equal([1, 1, 101, 3_000, undefined, undefined])
  })

  it('whatever is taken can be read by a worker, and from a journal', async () => {
    const aPool = someTaken(checkPoolOptions, 'initargs', 'maxtasksperchild', 'memoryBytesMax')
    const aCall = someTaken(checkCallOptions, 'timeoutMs', 'retries', 'priority', 'hedge', 'worker')
    let read = 0
    await fc.assert(
      fc.asyncProperty(aPool, aCall, async (poolOptions, callOptions) => {
        const profile = await profileOf({ ...poolOptions, initializer: () => 1 }, code).catch(
          codeIn
        )
        if (typeof profile === 'string') {
          expect(profile).to.equal('BAD_VALUE')
          return
        }
        const spec = specOf(REF, profile, callOptions)
        expect(decodeSpec(encodeSpec(spec))).to.deep.equal(spec)
        const options = jobOptionsOf(callOptions)
        const back = readOptions(decodeHead(encodeHead(optionsFields(options)).slice()))
        // Some sums, as -0 arrives as 0.
        const { retries, priority } = options
        const wanted = { ...options, retries: retries + 0, priority: priority + 0 }
        expect({ hedge: false, ...back }).to.deep.equal(wanted)
        read++
      }),
      { numRuns: 200 }
    )
    expect(read).to.be.above(100)
  })
})

describe('pool: what a pool can be told', () => {
  const refused: Readonly<Record<string, readonly unknown[]>> = {
    processes: [-1, 1.5, 4_097, '2', null],
    initargs: ['ab', {}, null],
    maxtasksperchild: [0, 1.5, 1e300, null],
    network: [5, '', null],
    local: [1, 'yes', null],
    join: ['/ip4/127.0.0.1/tcp/1', [5], null],
    listen: ['/ip4/127.0.0.1/tcp/1', [5], null],
    mdns: [0, null],
    token: [5, null],
    name: ['', 'x'.repeat(1_000), 5, null],
    isolation: ['bwarp', '', 5, null],
    requireSandbox: ['yes', null],
    memoryBytesMax: [1, 96 * MIB - 1, 1e300, '1G', null],
    output: ['foo', {}, null],
    onWarning: ['stderr', null]
  }
  for (const [name, values] of Object.entries(refused)) {
    it(`refuses ${name} that cannot be meant, and names it`, () => {
      for (const value of values) {
        expect(refusalOf(checkPoolOptions, { [name]: value })).to.match(
          new RegExp(`^${name} must be`)
        )
      }
    })
  }

  it('refuses what contradicts itself', () => {
    const others = [
      { processes: 0 },
      { network: 'lab' },
      { join: ['/ip4/127.0.0.1/tcp/1'] },
      { listen: ['/ip4/127.0.0.1/tcp/1'] },
      { mdns: true },
      { token: 'p2pjobs' }
    ]
    for (const other of others) {
      expect(refusalOf(checkPoolOptions, other)).to.equal(undefined)
      const message = refusalOf(checkPoolOptions, { local: true, ...other })
      expect(message).to.match(/^local: true and \w+.* exclude each other/)
    }
    const outside = { isolation: 'none', requireSandbox: true }
    expect(refusalOf(checkPoolOptions, outside)).to.match(/exclude each other/)
  })

  it('takes what says the same twice', () => {
    const alone = { local: true, mdns: false, join: [], listen: [], processes: 1, name: 'me' }
    expect(refusalOf(checkPoolOptions, alone)).to.equal(undefined)
    const sandboxed = { isolation: 'bwrap', requireSandbox: true, memoryBytesMax: 96 * MIB }
    expect(refusalOf(checkPoolOptions, sandboxed)).to.equal(undefined)
  })

  it('refuses arguments of an initializer that no spec has room for', async () => {
    const initargs = [new Uint8Array(300_000)]
    const profile = profileOf({ initializer: () => 1, initargs }, code)
    const message = await profile.then(
      () => expect.fail('it was taken'),
      (error: unknown) => operatingErrorOf(error)?.message
    )
    expect(message).to.match(/^initargs take 3\d+ bytes, and 262144 are the most/)
  })
})

describe('pool: what a Process can be', () => {
  const refused: Readonly<Record<string, readonly unknown[]>> = {
    args: [5, 'ab', null],
    kwargs: [5, [], null],
    name: [5, null],
    daemon: [1, null],
    worker: ['', 5, null]
  }
  for (const [name, values] of Object.entries(refused)) {
    it(`refuses ${name} that cannot be meant, and names it`, () => {
      for (const value of values) {
        expect(refusalOf(checkProcess, { [name]: value })).to.match(new RegExp(`^${name} must be`))
      }
    })
  }
})
