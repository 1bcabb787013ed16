import { expect } from 'chai'
import { IDLE_RENEWAL_MS, KEEP_DURABLE_MS, RENEWAL_MAX_MS } from '../../../../src/core/limits.ts'
import { aWorker, ref } from '../../../support/machines.ts'

describe('worker: time', () => {
  it('wants to be woken by nothing when there is nothing', () => {
    expect(aWorker().machine.deadline).to.equal(undefined)
  })

  it('sleeps until the next renewal when nothing is in hand', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.passes(10)
    expect(worker.machine.deadline).to.equal(1_000 + IDLE_RENEWAL_MS)
  })

  it('goes back to that soon after tasks have come and gone', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    worker.runsFast('m', 250)
    let wakes = 0
    while ((worker.machine.deadline ?? Infinity) < worker.now + 2_000) {
      worker.now = Math.max(worker.now, worker.machine.deadline ?? 0)
      worker.does({ type: 'wake' })
      if (++wakes > 10) break
      if (worker.takeMessages().some(({ type }) => type === 'renewal')) break
    }
    expect(wakes).to.be.at.most(5)
  })

  it('is woken at the end of the shortest time limit', () => {
    const worker = aWorker()
    worker.joined('m', { timeoutMs: 250 })
    worker.hearsLeases('m', [ref(1)])
    expect(worker.machine.deadline).to.equal(1_250)
  })

  it('renews also the longest lease now and then', () => {
    const worker = aWorker()
    worker.connects('m')
    const leaseMs = 24 * 3_600_000
    worker.hears('m', { type: 'kept', canceled: [], leaseMs, keepMs: 60_000 })
    worker.hearsSpec('m')
    worker.hearsLeases('m', [ref(1)])
    worker.forget()
    worker.passes(3 * RENEWAL_MAX_MS)
    const types = worker.takeMessages().map(({ type }) => type)
    expect(types).to.deep.equal(['renewal', 'renewal', 'renewal'])
  })

  it('keeps nothing for a lost master for longer than anybody needs', () => {
    const worker = aWorker()
    worker.connects('m')
    const keepMs = Number.MAX_SAFE_INTEGER
    worker.hears('m', { type: 'kept', canceled: [], leaseMs: 6_000, keepMs })
    worker.hearsSpec('m')
    worker.hearsLeases('m', [ref(1)])
    worker.disconnects('m')
    worker.passes(KEEP_DURABLE_MS)
    expect(worker.machine.state.masters.size).to.equal(0)
  })
})
