import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { SAME_PRESS_MS, watchSignals } from '../../../src/cli/stop-signals.ts'
import type { StopSignals } from '../../../src/cli/stop-signals.ts'

describe('watchSignals', () => {
  let now = 0
  const started = (): {
    source: EventEmitter
    signals: StopSignals
    state: () => string
    stop: () => void
  } => {
    const source = new EventEmitter()
    const signals = watchSignals(source, () => now)
    const state = (): string =>
      signals.leaving.aborted ? 'leaving' : signals.stopping.aborted ? 'stopping' : 'running'
    return { source, signals, state, stop: () => signals.stop() }
  }

  it('stops at the first signal and leaves at the second, whichever they are', () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      const { source, state } = started()
      expect(state()).to.equal('running')
      source.emit(signal)
      expect(state()).to.equal('stopping')
      now += SAME_PRESS_MS
      source.emit('SIGINT')
      expect(state()).to.equal('leaving')
    }
  })

  it('takes a signal that comes twice at once for one', () => {
    const { source, state } = started()
    source.emit('SIGTERM')
    now += SAME_PRESS_MS - 1
    source.emit('SIGTERM')
    expect(state()).to.equal('stopping')
    now += 1
    source.emit('SIGTERM')
    expect(state()).to.equal('leaving')
  })

  it('tells that the terminal has gone before it stops, and only then', () => {
    const { source, signals } = started()
    const order: string[] = []
    signals.hangup.addEventListener('abort', () => order.push('hangup'))
    signals.stopping.addEventListener('abort', () => order.push('stopping'))
    source.emit('SIGHUP')
    expect(order).to.deep.equal(['hangup', 'stopping'])
    for (const signal of ['SIGINT', 'SIGTERM']) {
      const other = started()
      other.source.emit(signal)
      expect(other.signals.hangup.aborted).to.equal(false)
    }
  })

  it('tells so also when it stops already, and within the same press', () => {
    const { source, signals, state } = started()
    source.emit('SIGINT')
    source.emit('SIGHUP')
    expect(signals.hangup.aborted).to.equal(true)
    expect(state()).to.equal('stopping')
  })

  it('leaves at the first signal when it is stopping for another reason', () => {
    const { source, state, stop } = started()
    stop()
    expect(state()).to.equal('stopping')
    now += SAME_PRESS_MS
    source.emit('SIGINT')
    expect(state()).to.equal('leaving')
  })
})
