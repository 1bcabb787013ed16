import { expect } from 'chai'
import type { ValuedFlag } from '../../../src/cli/command.ts'
import { parseValue, showNumber } from '../../../src/cli/values.ts'
import { failureOf, table } from './support.ts'

describe('parseValue', () => {
  const { time, flour, loaves, name, seed } = table.flags
  const value = (flag: ValuedFlag, text: string): unknown => parseValue('--it', flag, text)
  const problem = (flag: ValuedFlag, text: string): string => failureOf(() => value(flag, text))

  it('reads times in milliseconds', () => {
    const times = {
      '30s': 30_000,
      '5m': 300_000,
      '1.5h': 5_400_000,
      '250ms': 250,
      '2': 2000,
      '0.5': 500,
      '1d': 86_400_000
    }
    for (const [text, ms] of Object.entries(times)) expect(value(time, text)).to.equal(ms)
    for (const text of ['', 's', '-1s', '1 s', '1e3', 'x', '1.s', '.5', '1S', 'Infinity']) {
      expect(problem(time, text)).to.match(/^USAGE: --it: '.*' is not a time, as 30s/)
    }
    expect(problem(time, '0')).to.match(/'0' is not between 1ms and 1d/)
    expect(problem(time, '2d')).to.match(/not between/)
  })

  it('reads sizes in bytes', () => {
    const sizes = {
      '0': 0,
      '10': 10,
      '64k': 65_536,
      '1M': 2 ** 20,
      '1.5G': 1.5 * 2 ** 30,
      '2KiB': 2048,
      '3mb': 3 * 2 ** 20,
      '5B': 5
    }
    for (const [text, bytes] of Object.entries(sizes)) expect(value(flour, text)).to.equal(bytes)
    for (const text of ['k', '-1', '1x', '1 k', '1ki2']) {
      expect(problem(flour, text)).to.match(/^USAGE: --it: '.*' is not a size, as 64k/)
    }
    expect(problem(flour, '2T')).to.match(/not between 0 and 1t/)
  })

  it('reads whole numbers within their bounds', () => {
    expect(value(loaves, '0')).to.equal(0)
    expect(value(loaves, '10')).to.equal(10)
    expect(problem(loaves, '11')).to.match(/'11' is not between 0 and 10/)
    expect(problem(loaves, '-1')).to.match(/not between/)
    for (const text of ['', '1.5', '0x1', '1e1', ' 1', 'NaN'])
      expect(problem(loaves, text)).to.match(/not a whole/)
  })

  it('refuses texts that are empty, too long or of another shape', () => {
    expect(value(name, '12345')).to.equal('12345')
    expect(problem(name, '')).to.match(/--it is empty; it needs NAME/)
    expect(problem(name, '123456')).to.match(/has 6 characters, and 5 are the most/)
    expect(problem(seed, 'p2')).to.match(/'p2' does not look like SEED, as poppy/)
  })
})

describe('showNumber', () => {
  it('writes numbers as they would be typed', () => {
    const { time, flour, loaves } = table.flags
    expect([0, 1, 250, 1500, 6000, 120_000].map((ms) => showNumber(time, ms))).to.deep.equal([
      '0',
      '1ms',
      '250ms',
      '1500ms',
      '6s',
      '2m'
    ])
    expect([0, 100, 1024, 1536, 2 ** 30].map((bytes) => showNumber(flour, bytes))).to.deep.equal([
      '0',
      '100',
      '1k',
      '1536',
      '1g'
    ])
    expect(showNumber(loaves, 3)).to.equal('3')
  })
})
