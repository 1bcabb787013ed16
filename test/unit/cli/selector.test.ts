import { expect } from 'chai'
import fc from 'fast-check'
import { isIn, joinRanges } from '../../../src/core/selection.ts'
import type { Range } from '../../../src/core/selection.ts'
import {
  parseAnySelector,
  parseSelector,
  parseTaskSelector,
  showRanges
} from '../../../src/cli/selector.ts'
import { failureOf } from './support.ts'

const ranges = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }))
    .map(([from, more]): Range => [from, from + more]),
  { minLength: 1, maxLength: 12 }
)

describe('selectors', () => {
  it('name jobs', () => {
    expect(parseSelector('all')).to.deep.equal({ type: 'all' })
    expect(parseSelector('last')).to.deep.equal({ type: 'last' })
    expect(parseSelector('5')).to.deep.equal({ type: 'ranges', ranges: [[5, 5]] })
    expect(parseSelector('1,3,5-8')).to.deep.equal({
      type: 'ranges',
      ranges: [
        [1, 1],
        [3, 3],
        [5, 8]
      ]
    })
  })

  it('name jobs one by one that follow each other', () => {
    const each = parseSelector('3,2')
    expect(each).to.deep.equal({
      type: 'ranges',
      ranges: [
        [3, 3],
        [2, 2]
      ]
    })
  })

  it('name tasks of a job', () => {
    expect(parseTaskSelector('5')).to.deep.equal({ job: 5, tasks: undefined })
    expect(parseTaskSelector('5.2')).to.deep.equal({ job: 5, tasks: [[2, 2]] })
    expect(parseTaskSelector('last.1-3,9')).to.deep.equal({
      job: 'last',
      tasks: [
        [1, 3],
        [9, 9]
      ]
    })
    expect(parseAnySelector('1-3')).to.deep.equal({
      selection: { type: 'ranges', ranges: [[1, 3]] },
      tasks: undefined
    })
    expect(parseAnySelector('last.2')).to.deep.equal({
      selection: { type: 'last' },
      tasks: [[2, 2]]
    })
  })

  it('are refused when they name nothing', () => {
    const bad = [
      '',
      '0',
      '-1',
      '3-1',
      '1,',
      ',1',
      '1--2',
      'ALL',
      '1-',
      'x',
      '1.2',
      ' 1',
      '99999999999'
    ]
    for (const text of bad) {
      expect(
        failureOf(() => parseSelector(text)),
        text
      ).to.match(/^USAGE: '.*' does not name jobs/)
    }
    for (const text of ['', '5.', '.2', '1-3.2', 'all', '5.2.3', '5.x', '5.0', '5.3-1']) {
      expect(
        failureOf(() => parseTaskSelector(text)),
        text
      ).to.match(/^USAGE: .*does not name a job/)
    }
    const long = new Array<number>(2_000).fill(1).join(',')
    expect(failureOf(() => parseSelector(long))).to.match(/^USAGE: at most 1024/)
  })

  it('name what their ranges name, whatever their order', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const selection = parseSelector(showRanges(list))
        if (selection.type !== 'ranges') throw new Error('no ranges')
        for (let number = 1; number <= 75; number++) {
          expect(isIn(selection.ranges, number)).to.equal(isIn(list, number))
        }
      })
    )
  })

  it('have sorted ranges that neither overlap nor touch', () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const joined = joinRanges(list)
        for (const [at, [from]] of joined.entries()) {
          if (at > 0) expect(from).to.be.above(joined[at - 1]![1] + 1)
        }
        expect(joinRanges(joined)).to.deep.equal(joined)
      })
    )
  })

  it('of any text are refused or understood, nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(failureOf(() => parseAnySelector(text))).to.match(/^(USAGE: |nothing was thrown)/)
      })
    )
  })
})
