import { expect } from 'chai'
import type { NodeId } from '../../../../src/core/types.ts'
import { IDLE_RENEWAL_MS, LEASE_MS, MASTERS_MAX } from '../../../../src/core/limits.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

/** Runs task 1, and keeps the result of task 2. */
function aWorkerWithWork(): TestWorker {
  const worker = aWorker()
  worker.joined('m')
  worker.hearsLeases('m', [ref(1), ref(2)])
  worker.ends(2)
  worker.forget()
  return worker
}

describe('worker: sessions', () => {
  it('begins a session with who it is, what it has and what it would take', () => {
    const abilities = { labels: { os: 'linux' }, amounts: { gpu: 1 } }
    const worker = aWorker(abilities)
    worker.connects('m')
    expect(worker.takeMessages()).to.deep.equal([
      {
        ...{ type: 'hold', boot: 'boot-1', name: 'lab', slots: 2, credit: 2 },
        attempts: [],
        ...abilities
      }
    ])
    worker.expectNothingElse()
  })

  it('lists after a cut what it still has, and reports again', () => {
    const worker = aWorkerWithWork()
    worker.disconnects('m')
    worker.connects('m', 2)
    expect(worker.takeMessages()[0])
      .to.have.property('attempts')
      .deep.equal([
        { ...ref(1), state: 'running' },
        { ...ref(2), state: 'ended' }
      ])
    worker.hearsKept('m', [], 2)
    expect(worker.takeMessages()[0]).to.have.nested.property('reports[0].task', 2)
  })

  it('does not know a job of which it only has results: nobody would say when that has ended', () => {
    const worker = aWorkerWithWork()
    worker.ends(1)
    worker.connects('m', 2)
    worker.hearsKept('m', [], 2)
    worker.hears('m', { type: 'accepted', attempts: [ref(1), ref(2)] }, 2)
    expect(worker.machine.state.masters.get('m' as NodeId)?.jobs.size).to.equal(0)
  })

  it('drops what its master does not want any more', () => {
    const worker = aWorkerWithWork()
    worker.disconnects('m')
    worker.connects('m', 2)
    worker.hearsKept('m', [ref(1), ref(2)], 2)
    expect(worker.take('stop')).to.deep.equal([{ type: 'stop', run: 1 }])
    expect(worker.take('release')).to.have.lengthOf(1)
  })

  it('ignores messages of a session that is over', () => {
    const worker = aWorkerWithWork()
    worker.disconnects('m')
    worker.connects('m', 2)
    worker.forget()
    worker.hears('m', { type: 'cancel', attempts: [ref(1)] }, 1)
    worker.expectNothingElse()
  })

  it('drops everything for a master whose record is another one', () => {
    const worker = aWorkerWithWork()
    worker.disconnects('m')
    worker.connects('m', 2, 'epoch-2')
    expect(worker.take('stop')).to.have.lengthOf(1)
    expect(worker.take('release')).to.have.lengthOf(1)
    expect(worker.takeMessages()[0]).to.have.property('attempts').deep.equal([])
  })

  it('keeps working for a lost master for as long as was agreed, and no longer', () => {
    const worker = aWorkerWithWork()
    worker.disconnects('m')
    worker.passes(59_999)
    worker.expectNothingElse()
    worker.passes(1)
    expect(worker.take('stop')).to.have.lengthOf(1)
    expect(worker.take('release')).to.have.lengthOf(1)
  })

  it('renews three times within a lease', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    for (let time = 0; time < 6; time++) {
      worker.hears('m', { type: 'renewed', more: false })
      worker.passes(1_000)
    }
    const renewals = worker.takeMessages().filter(({ type }) => type === 'renewal')
    expect(renewals).to.have.lengthOf(3)
  })

  it('gives up a session in which it hears nothing', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1)])
    worker.passes(7_999)
    expect(worker.take('disconnect')).to.deep.equal([])
    worker.passes(1)
    expect(worker.take('disconnect')).to.have.nested.property('[0].session', 1)
  })

  it('is heard now and then when it holds nothing, and waits that much longer for an answer', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.passes(IDLE_RENEWAL_MS - 1)
    expect(worker.takeMessages()).to.deep.equal([])
    worker.passes(1)
    expect(worker.takeMessages().map(({ type }) => type)).to.deep.equal(['renewal'])
    worker.passes(LEASE_MS - 1)
    expect(worker.take('disconnect')).to.deep.equal([])
    worker.passes(1)
    expect(worker.take('disconnect')).to.have.nested.property('[0].session', 1)
  })

  it('renews soon when it is leased something after a quiet time', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.passes(10_000)
    worker.takeMessages()
    worker.hearsLeases('m', [ref(1)])
    worker.does({ type: 'wake' })
    expect(worker.takeMessages().map(({ type }) => type)).to.include('renewal')
  })

  it('does not blame its masters for its own pause', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.now += 30_000
    worker.does({ type: 'wake' })
    expect(worker.take('disconnect')).to.deep.equal([])
  })

  it('gives up a session in which a lease came without its spec', () => {
    const worker = aWorker()
    worker.connects('m')
    worker.hearsKept('m')
    worker.hearsLeases('m', [ref(1)])
    expect(worker.take('disconnect')).to.have.lengthOf(1)
  })

  it('tells its master only of batches behind which nothing is missing', () => {
    const worker = aWorker({ slots: 4 })
    worker.joined('m')
    const leases = [{ ...ref(1), input: new Uint8Array(0) }]
    worker.hears('m', { type: 'leases', batch: 2, used: 2, more: false, leases })
    worker.forget()
    worker.passes(2_000)
    expect(worker.takeMessages()[0]).to.include({ type: 'renewal', seen: 0 })
  })

  it('forgets a spec when its job has ended', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hears('m', { type: 'forget', job: ref(1).job })
    const [view] = worker.machine.state.masters.values()
    expect(view?.jobs.size).to.equal(0)
  })

  it('serves no more masters than it can', () => {
    const worker = aWorker()
    for (let master = 0; master < MASTERS_MAX; master++) worker.connects(`m${master}`)
    worker.forget()
    worker.connects('one-too-many')
    expect(worker.take('disconnect')).to.have.nested.property('[0].master', 'one-too-many')
    worker.expectNothingElse()
  })

  describe('drain', () => {
    it('finishes what runs, reports it, and leaves', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('m')
      worker.hearsLeases('m', [ref(1)])
      worker.forget()
      worker.does({ type: 'drain', now: false })
      worker.expectNothingElse()
      worker.ends(1)
      expect(worker.takeMessages().map(({ type }) => type)).to.deep.equal(['report'])
      worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
      expect(worker.takeMessages()).to.deep.equal([{ type: 'bye' }])
      expect(worker.take('drained')).to.have.lengthOf(1)
    })

    it('stops what runs when it shall leave now, and gives it back', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('m')
      worker.hearsLeases('m', [ref(1)])
      worker.forget()
      worker.does({ type: 'drain', now: true })
      expect(worker.take('stop')).to.have.lengthOf(1)
      worker.ends(1, aResult('failure'))
      const [report] = worker.takeMessages()
      expect(report).to.have.nested.property('reports[0].result.outcome', 'returned')
    })

    it('starts nothing that was under way, but gives it back', () => {
      const worker = aWorker()
      worker.joined('m')
      worker.hearsLeases('m', [ref(1)])
      worker.does({ type: 'drain', now: false })
      worker.forget()
      worker.hearsLeases('m', [ref(2)])
      expect(worker.takeStarts()).to.deep.equal([])
      const [report] = worker.takeMessages()
      expect(report).to.have.nested.property('reports[0].result.outcome', 'returned')
    })

    it('leaves at once when it has nothing in hand', () => {
      const worker = aWorker()
      worker.joined('m')
      worker.does({ type: 'drain', now: false })
      expect(worker.takeMessages()).to.deep.equal([{ type: 'bye' }])
      expect(worker.take('drained')).to.have.lengthOf(1)
    })

    it('says goodbye to a master that drains, once everything is accepted', () => {
      const worker = aWorkerWithWork()
      worker.hears('m', { type: 'drain' })
      worker.ends(1)
      worker.forget()
      worker.hears('m', { type: 'accepted', attempts: [ref(1), ref(2)] })
      expect(worker.takeMessages()).to.deep.equal([{ type: 'bye' }])
      expect(worker.take('drained')).to.deep.equal([])
    })
  })
})
