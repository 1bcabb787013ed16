import { expect } from 'chai'
import {
  CREDIT_PATIENCE_MS,
  HELD_TASKS_MAX,
  PREFETCH_MS,
  RESULT_BYTES_MAX
} from '../../../../src/core/limits.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

/** Has run tasks of a millisecond each, one after the other, for longer than it looks back. */
function aFastWorker(): TestWorker {
  const worker = aWorker({ slots: 1 })
  worker.joined('m')
  worker.runsFast('m', 250)
  return worker
}

describe('worker: credit', () => {
  it('offers one task for each free slot', () => {
    const worker = aWorker({ slots: 3 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2), ref(3)], true)
    expect(worker.takeOffer('m')).to.equal(undefined)
    worker.ends(1)
    expect(worker.takeOffer('m')).to.equal(1)
  })

  it('asks for no more than its slots while tasks are long', () => {
    const worker = aWorker({ slots: 2 })
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)], true)
    worker.passes(1_000)
    expect(worker.takeOffer('m')).to.equal(undefined)
  })

  it('asks for about 100 ms of work while tasks are short', () => {
    expect(aFastWorker().openCredit('m')).to.be.within(50, 110)
  })

  it('offers nothing without slots', () => {
    const worker = aWorker({ slots: 0 })
    worker.joined('m')
    worker.passes(1_000)
    expect(worker.takeOffer('m')).to.equal(undefined)
  })

  it('asks for nothing more while too many bytes of results wait to be accepted', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('m')
    const stdout = new Uint8Array(RESULT_BYTES_MAX / 4 + 1)
    for (let task = 1; task <= 4; task++) {
      expect(worker.openCredit('m'), `before task ${task}`).to.equal(1)
      worker.hearsLeases('m', [ref(task)], true)
      worker.passes(3 * PREFETCH_MS)
      worker.ends(task, { ...aResult(), stdout })
    }
    expect(worker.openCredit('m')).to.equal(0)
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    expect(worker.openCredit('m')).to.equal(1)
  })

  it('fills its free slots, whatever a master has leased that accepts nothing', () => {
    const worker = aWorker({ slots: 1 })
    worker.joined('greedy')
    worker.joined('honest')
    const tooMany = Array.from({ length: HELD_TASKS_MAX + 1 }, (_, at) => ref(at + 1))
    worker.hearsLeases('greedy', tooMany)
    worker.passes(1_000)
    for (const run of [...worker.machine.state.runs.keys()]) worker.ends(run)
    expect(worker.openCredit('greedy')).to.equal(0)
    expect(worker.openCredit('honest')).to.equal(1)
  })

  describe('a master that has no more work', () => {
    it('may fill every free slot at once', () => {
      const worker = aWorker({ slots: 2 })
      for (const master of ['a', 'b']) worker.joined(master)
      expect(worker.openCredit('a')).to.equal(2)
      expect(worker.openCredit('b')).to.equal(2)
    })

    it('is offered nothing while there is no free slot, and in the same turn when there is one', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('m')
      worker.hearsLeases('m', [ref(1)])
      expect(worker.takeOffer('m')).to.equal(undefined)
      expect(worker.openCredit('m')).to.equal(0)
      worker.ends(1)
      const types = worker.takeMessages('m').map(({ type }) => type)
      expect(types).to.deep.equal(['report', 'offer'])
      expect(worker.openCredit('m')).to.equal(1)
    })

    it('begins its session with no credit when another one waits for free slots', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('a')
      worker.hearsLeases('a', [ref(1)], true)
      worker.ends(1)
      worker.forget()
      worker.connects('b')
      expect(worker.takeMessages('b')[0]).to.include({ type: 'hold', credit: 0 })
    })

    it('keeps some credit while tasks are short, its share of about 100 ms', () => {
      const worker = aFastWorker()
      worker.hears('m', { type: 'renewed', more: false })
      worker.hearsLeases('m', [ref(1_001)])
      expect(worker.openCredit('m')).to.be.within(50, 110)
    })

    it('keeps it although tasks have become somewhat longer', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.runsFast('a', 250)
      for (let task = 1_001; task <= 1_200; task++) {
        worker.hearsLeases('a', [ref(task)], true)
        worker.now += task % 3 === 0 ? 1 : 2
        worker.ends(task - 1_000 + 250)
        worker.hears('a', { type: 'accepted', attempts: [ref(task)] })
      }
      expect([...worker.machine.state.masters.values()][1]?.withdrawn).to.equal(0)
    })

    it('loses it again soon after tasks have become long', () => {
      const worker = aFastWorker()
      worker.hearsLeases('m', [ref(1_001)])
      worker.passes(3 * PREFETCH_MS)
      expect(worker.takeOffer('m')).to.equal(0)
      worker.passes(10_000)
      expect(worker.openCredit('m')).to.equal(0)
    })

    it('loses its credit once another master has filled the slots for a while', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1)])
      worker.passes(CREDIT_PATIENCE_MS - 1)
      expect(worker.takeMessages('b')).to.deep.equal([])
      worker.passes(1)
      expect(worker.takeMessages('b')).to.deep.equal([
        { type: 'offer', credit: 1, withdrawn: 1, more: false }
      ])
      worker.ends(1)
      expect(worker.takeMessages('b')).to.deep.equal([
        { type: 'offer', credit: 2, withdrawn: 1, more: false }
      ])
    })

    it('keeps its credit while short tasks of another one come and go', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      for (let task = 1; task <= 20; task++) {
        worker.hearsLeases('a', [ref(task)])
        worker.passes(CREDIT_PATIENCE_MS / 2)
        worker.ends(task)
        worker.hears('a', { type: 'accepted', attempts: [ref(task)] })
      }
      expect([...worker.machine.state.masters.values()][1]?.withdrawn).to.equal(0)
    })

    it('is not told of every slot that gets free where there are many', () => {
      const worker = aWorker({ slots: 64 })
      for (const master of ['a', 'b']) worker.joined(master)
      const refs = Array.from({ length: 40 }, (_, at) => ref(at + 1))
      worker.hearsLeases('a', refs)
      worker.passes(CREDIT_PATIENCE_MS)
      expect(worker.openCredit('b')).to.equal(24)
      for (let run = 1; run <= 30; run++) {
        worker.ends(run)
        worker.passes(200)
      }
      expect(worker.openCredit('b')).to.equal(48)
    })

    it('may have leased already what is taken back: that comes on top of nothing else', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1)])
      worker.passes(CREDIT_PATIENCE_MS)
      worker.hearsLeases('b', [ref(1)])
      expect(worker.openCredit('b')).to.equal(-1)
      expect(worker.takeReturned()).to.deep.equal([1])
      worker.ends(1)
      expect(worker.openCredit('b')).to.equal(1)
    })
  })

  describe('masters that have more work', () => {
    it('share the slots', () => {
      const worker = aWorker({ slots: 2 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1), ref(2)], true)
      worker.hearsLeases('b', [ref(1)], true)
      worker.forget()
      worker.ends(1)
      expect(worker.openCredit('b'), 'b has nothing running').to.equal(1)
      expect(worker.openCredit('a')).to.equal(0)
    })

    it('are offered a free slot one at a time, also when it is not used at once', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('a')
      worker.joined('b')
      worker.hearsLeases('a', [ref(1)], true)
      worker.ends(1)
      worker.passes(1_000)
      expect(worker.openCredit('a')).to.equal(1)
      worker.hearsMore('b', true)
      worker.passes(1_000)
      expect(worker.openCredit('a')).to.equal(1)
      expect(worker.openCredit('b')).to.equal(0)
    })

    it('get the next free slot when they say so, before one that has had it all along', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1)], true)
      worker.passes(1_000)
      expect(worker.openCredit('b'), 'a is hungry, and first').to.equal(0)
      worker.hearsMore('b', true)
      worker.ends(1)
      expect(worker.openCredit('b')).to.equal(1)
      expect(worker.openCredit('a')).to.equal(0)
    })

    it('lose a slot to others when they do not use what they were offered', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['silent', 'busy']) worker.joined(master)
      worker.hearsMore('silent', true)
      worker.hearsLeases('busy', [ref(1)], true)
      worker.ends(1)
      worker.hears('busy', { type: 'accepted', attempts: [ref(1)] })
      worker.forget()
      expect(worker.takeOffer('busy')).to.equal(undefined)
      worker.passes(2_000)
      expect(worker.takeOffer('busy'), 'it may just have been offered').to.equal(undefined)
      worker.passes(2_000)
      expect(worker.takeOffer('busy')).to.equal(1)
      worker.passes(CREDIT_PATIENCE_MS)
      expect(worker.openCredit('silent')).to.equal(0)
    })

    it('keep a slot that they were asked to use until they answer', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1)], true)
      worker.passes(1_000)
      worker.hearsMore('b', true)
      worker.forget()
      worker.ends(1)
      expect(worker.takeMessages('b')).to.deep.equal([
        { type: 'offer', credit: 2, withdrawn: 1, more: true }
      ])
      worker.hears('b', { type: 'renewed', more: false })
      worker.passes(CREDIT_PATIENCE_MS)
      expect(worker.openCredit('a'), 'b has not answered').to.equal(0)
      worker.hears('b', { type: 'leases', batch: 0, used: 1, more: false, leases: [] })
      expect(worker.openCredit('a')).to.equal(1)
      expect(worker.openCredit('b')).to.equal(0)
    })

    it('have answered when they lease and say that this is all', () => {
      const worker = aWorker({ slots: 2 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1), ref(2)], true)
      worker.passes(1_000)
      worker.hearsMore('a', false)
      worker.hearsMore('b', true)
      worker.hearsSpec('b')
      worker.does({ type: 'ended', ends: [1, 2].map((run) => ({ run, result: aResult() })) })
      expect(worker.openCredit('b')).to.equal(2)
      worker.hearsMore('a', true)
      expect(worker.openCredit('a')).to.equal(0)
      worker.hearsLeases('b', [ref(1)], false)
      expect(worker.openCredit('a')).to.equal(1)
    })

    it('get all of the short tasks that are worth having in hand, and others a share', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.runsFast('a', 250)
      expect(worker.openCredit('a')).to.be.within(60, 110)
      expect(worker.openCredit('b')).to.be.within(25, 55)
    })

    it('keep no slot by credit that they got when they had no work', () => {
      const worker = aWorker({ slots: 1 })
      for (const master of ['a', 'b']) worker.joined(master)
      worker.hearsLeases('a', [ref(1)], true)
      worker.passes(1_000)
      worker.hearsMore('b', true)
      worker.hearsMore('a', false)
      worker.ends(1)
      worker.hearsSpec('b')
      worker.hearsLeases('b', [ref(1)], false)
      worker.passes(1_000)
      worker.ends(2)
      expect(worker.openCredit('b')).to.equal(1)
      worker.hears('a', { type: 'leases', batch: 1, used: 2, more: true, leases: [] })
      expect(worker.openCredit('a')).to.equal(1)
    })

    it('cannot have used more than they were given', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('m')
      worker.hears('m', { type: 'leases', batch: 0, used: 1e15, more: false, leases: [] })
      expect(worker.takeMessages('m')).to.deep.equal([
        { type: 'offer', credit: 2, withdrawn: 0, more: false }
      ])
    })

    it('are believed by the last thing they said, not by one that comes late', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('m')
      worker.hearsLeases('m', [ref(1)], true)
      worker.hearsLeases('m', [ref(2)], false)
      const [view] = worker.machine.state.masters.values()
      worker.hears('m', { type: 'leases', batch: 1, used: 1, more: true, leases: [] })
      expect(view?.isHungry).to.equal(false)
    })

    it('are found out by the answer to a renewal when the word itself got lost', () => {
      const worker = aWorker({ slots: 1 })
      worker.joined('m')
      const [view] = worker.machine.state.masters.values()
      worker.hears('m', { type: 'renewed', more: true })
      expect(view?.isHungry).to.equal(true)
      worker.hears('m', { type: 'renewed', more: false })
      expect(view?.isHungry).to.equal(false)
    })
  })
})
