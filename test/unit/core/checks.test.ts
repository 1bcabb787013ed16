import { expect } from 'chai'
import {
  abortSignal,
  callback,
  check,
  checkEach,
  checkGiven,
  list,
  listOfTexts,
  object,
  oneOf,
  text,
  timeLimit,
  waitingTime,
  wholeNumber,
  yesOrNo
} from '../../../src/core/checks.ts'
import type { Check } from '../../../src/core/checks.ts'
import { operatingErrorOf } from '../../../src/core/errors.ts'

const { signal } = new AbortController()

/** What each takes, and what it does not. */
const cases: Readonly<Record<string, readonly [Check, taken: unknown[], refused: unknown[]]>> = {
  wholeNumber: [
    wholeNumber(1),
    [1, Number.MAX_SAFE_INTEGER],
    [0, -1, 1.5, NaN, Infinity, 2 ** 53, 1e300, '1', 1n, null]
  ],
  'wholeNumber with a most': [wholeNumber(-2, 2), [-2, 0, 2], [-3, 3, 0.5]],
  timeLimit: [
    timeLimit,
    [0.1, 1, 100.5, Number.MAX_SAFE_INTEGER, Infinity],
    [0, -1, NaN, -Infinity, 2 ** 53, '100', null]
  ],
  waitingTime: [waitingTime, [0, 0.5, 2 ** 31 - 1, Infinity], [-1, NaN, 2 ** 31, '1', null]],
  text: [text(3), ['a', 'abc'], ['', 'abcd', 5, null]],
  oneOf: [oneOf(['on', 'off']), ['on', 'off'], ['of', '', 0, null, callback]],
  'oneOf, or something else': [oneOf(['on'], callback), ['on', () => 1], ['off', {}]],
  yesOrNo: [yesOrNo, [true, false], [0, 1, 'yes', null]],
  callback: [callback, [() => 1, async () => await Promise.resolve(1)], [{}, 'call', null]],
  list: [list, [[], [1]], ['list', { length: 1 }, new Set(), null]],
  listOfTexts: [listOfTexts, [[], ['a']], ['a', [1], ['a', null], null]],
  object: [object, [{}, new Map()], [[], 5, 'x', () => 1, null]],
  abortSignal: [abortSignal, [signal], [new AbortController(), {}, { aborted: false }, 5, null]]
}

function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (thrown) {
    const error = operatingErrorOf(thrown)
    if (error?.code === 'USAGE') return error.message
    throw thrown
  }
  return expect.fail('it was taken')
}

describe('checks', () => {
  for (const [name, [wanted, taken, refused]] of Object.entries(cases)) {
    it(name, () => {
      for (const value of taken) checkGiven('it', value, wanted)
      for (const value of refused) {
        const message = refusalOf(() => check('it', value, wanted))
        expect(message).to.include(`it must be ${wanted.wanted}, not `)
      }
    })
  }

  it('say what was given, in few words', () => {
    const told = (value: unknown): string => refusalOf(() => checkGiven('retries', value, wanted))
    const wanted = wholeNumber(0, 5)
    expect(told(7)).to.equal('retries must be a whole number from 0 to 5, not 7')
    expect(told('7')).to.match(/not '7'$/)
    expect(told(7n)).to.match(/not 7n$/)
    expect(told(Symbol('s'))).to.match(/not a symbol$/)
    expect(told(null)).to.match(/not null$/)
    expect(told(undefined)).to.match(/not undefined$/)
    expect(told([7])).to.match(/not an array$/)
    expect(told({ a: 1 })).to.match(/not an object$/)
    expect(told(() => 7)).to.match(/not a function$/)
    expect(told('x'.repeat(1_000))).to.match(/not 'x{60}…'$/)
  })

  it('take what is left out, of options that are an object', () => {
    const checks = { size: wholeNumber(1), name: text(3) }
    const checked = (options: unknown) => () => checkEach('options', options as object, checks)
    for (const options of [{}, { size: undefined }, { size: 1, name: 'a', other: 5 }]) {
      checked(options)()
    }
    expect(refusalOf(checked({ size: 1, name: 'long' }))).to.match(/^name must be /)
    for (const options of [null, undefined, 5, [], () => 1]) {
      expect(refusalOf(checked(options))).to.match(/^options must be an object, not /)
    }
  })
})
