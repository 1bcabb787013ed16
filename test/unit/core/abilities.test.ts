import { expect } from 'chai'
import fc from 'fast-check'
import { demandOf, hasLabel, Room, widthOf } from '../../../src/core/abilities.ts'
import type { Demand } from '../../../src/core/abilities.ts'

const GPU: Demand = { slots: 1, amounts: [['gpu', 1]] }
const WIDE: Demand = { slots: 3, amounts: [] }

describe('demandOf', () => {
  it('is nothing for a task that takes one slot and nothing else', () => {
    for (const amounts of [undefined, {}, { cpus: 1 }, { cpus: 0 }, { gpu: 0 }]) {
      expect(demandOf(amounts === undefined ? {} : { amounts })).to.equal(undefined)
    }
    expect(widthOf(undefined)).to.equal(1)
  })

  it('has slots apart from everything else', () => {
    expect(demandOf({ amounts: { cpus: 3, gpu: 1, memory: 0 } })).to.deep.equal({
      slots: 3,
      amounts: [['gpu', 1]]
    })
    expect(demandOf({ amounts: { memory: 5 } })).to.deep.equal({
      slots: 1,
      amounts: [['memory', 5]]
    })
  })
})

describe('hasLabel', () => {
  it('asks for the value where one is given', () => {
    const labels = { os: 'linux', gpu: '' }
    expect(hasLabel(labels, { label: 'os' })).to.equal(true)
    expect(hasLabel(labels, { label: 'os', value: 'linux' })).to.equal(true)
    expect(hasLabel(labels, { label: 'os', value: 'darwin' })).to.equal(false)
    expect(hasLabel(labels, { label: 'gpu', value: '' })).to.equal(true)
    expect(hasLabel(labels, { label: 'arch' })).to.equal(false)
  })

  it('does not take what every object has for a label', () => {
    expect(hasLabel({}, { label: 'constructor' })).to.equal(false)
    expect(new Room(4, {}).whole('constructor')).to.equal(0)
  })
})

describe('Room', () => {
  it('holds what is not more than there is', () => {
    const room = new Room(2, { gpu: 1 })
    expect(room.holds(GPU)).to.equal(true)
    expect(room.holds(WIDE)).to.equal(false)
    expect(room.holds({ slots: 1, amounts: [['gpu', 2]] })).to.equal(false)
    expect(room.holds({ slots: 1, amounts: [['memory', 1]] })).to.equal(false)
  })

  it('holds nothing of a worker that does not say what it has', () => {
    expect(new Room(4).holds({ slots: 2, amounts: [] })).to.equal(false)
  })

  it('has room for as much as is left, and keeps what others wait for', () => {
    const room = new Room(4, { gpu: 2 })
    room.take(GPU)
    expect(room.fits(GPU)).to.equal(true)
    expect(room.hasAmounts(GPU, GPU)).to.equal(false)
    expect(room.hasAmounts(WIDE, GPU)).to.equal(true)
    room.take(GPU)
    expect(room.fits(GPU)).to.equal(false)
    room.giveBack(GPU)
    expect(room.fits(GPU)).to.equal(true)
  })

  it('knows who is in whose way', () => {
    const room = new Room(4, { gpu: 1 })
    room.take(GPU)
    expect(room.isRivalOf(GPU, GPU)).to.equal(true)
    expect(room.isRivalOf(GPU, WIDE)).to.equal(false)
    room.take(WIDE)
    expect(room.isRivalOf(WIDE, GPU), 'everything takes a slot').to.equal(true)
  })

  it('counts the same whatever comes and goes', () => {
    const demands: (Demand | undefined)[] = [undefined, GPU, WIDE]
    fc.assert(
      fc.property(fc.array(fc.nat(2)), (taken) => {
        const room = new Room(1e6, { gpu: 1e6 })
        for (const at of taken) room.take(demands[at])
        expect(room.slotsTaken).to.equal(taken.reduce((sum, at) => sum + (at === 2 ? 3 : 1), 0))
        expect(room.taken('gpu')).to.equal(taken.filter((at) => at === 1).length)
        for (const at of taken) room.giveBack(demands[at])
        expect([room.slotsTaken, room.taken('gpu')]).to.deep.equal([0, 0])
      })
    )
  })
})
