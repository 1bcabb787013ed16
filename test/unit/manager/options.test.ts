/** What managers, and connections with them, cannot be told. */
import { expect } from 'chai'
import { checkManagerOptions, connectTimes } from '../../../src/manager/options.ts'

describe('the options of managers', () => {
  it('that make no sense are refused', () => {
    const wrong: Record<string, unknown> = {
      'options are given as { name, local, durable, leaseMs }, not null': null,
      "options are given as { name, local, durable, leaseMs }, not 'queues'": 'queues',
      "the name of a manager is a text of 1 to 64 characters, not ''": { name: '' },
      'the name of a manager is a text of 1 to 64 characters, not 5': { name: 5 },
      'leaseMs must be a whole number of at least 100, not NaN': { leaseMs: NaN },
      'leaseMs must be a whole number of at least 100, not 99.5': { leaseMs: 99.5 },
      'nodeName is a text of 1 to 64 characters, not null': { nodeName: null }
    }
    for (const [message, options] of Object.entries(wrong)) {
      expect(() => checkManagerOptions(options as never)).to.throw(message)
    }
    checkManagerOptions({ name: 'queues', leaseMs: 100, nodeName: 'desk' })
  })

  it('that make no sense for a connection are refused', () => {
    const wrong: Record<string, unknown> = {
      'options are given as { timeoutMs, awayMs, signal }, not 5': 5,
      'timeoutMs must be a number of milliseconds, not NaN': { timeoutMs: NaN },
      "awayMs must be a number of milliseconds, not '5'": { awayMs: '5' },
      'signal must be an AbortSignal, not an object': { signal: {} }
    }
    for (const [message, options] of Object.entries(wrong)) {
      expect(() => connectTimes('queues', options as never)).to.throw(message)
    }
    expect(() => connectTimes('\ud800', {})).to.throw(/the name of a manager/)
  })

  it('times can be any, within what a timer can have', () => {
    const longest = 2 ** 31 - 1
    for (const [time, whole] of [
      [Infinity, longest],
      [1e12, longest],
      [-1, 0],
      [1.5, 2]
    ] as const) {
      const times = connectTimes('queues', { timeoutMs: time, awayMs: time })
      expect(times).to.deep.equal({ timeoutMs: whole, awayMs: whole })
    }
  })
})
