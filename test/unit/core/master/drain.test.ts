import { expect } from 'chai'
import type { NodeId } from '../../../../src/core/types.ts'
import { aHold, aMaster, ref } from '../../../support/machines.ts'

describe('a master that lets one worker have nothing more', () => {
  const drains = (isDraining: boolean) =>
    ({ type: 'drain-worker', worker: 'lab' as NodeId, isDraining }) as const

  it('leases to the others, and takes what the worker still reports', () => {
    const master = aMaster()
    master.joined('lab', { credit: 2 })
    master.submit(1)
    expect(master.takeLeases()).to.deep.equal({ lab: [1] })
    master.does(drains(true))
    master.submit(3)
    expect(master.takeLeases()).to.deep.equal({})
    master.hears('other', aHold({ credit: 2 }))
    expect(master.takeLeases()).to.deep.equal({ other: [1, 2] })
    master.hearsReport('lab', [ref(1)])
    master.hears('lab', { type: 'offer', credit: 4, withdrawn: 0, more: true })
    expect(master.takeLeases()).to.deep.equal({})
    expect(master.takeNotices('settled').map(({ task }) => task)).to.deep.equal([1])
  })

  it('goes on with it when it is taken back', () => {
    const master = aMaster()
    master.joined('lab', { credit: 2 })
    master.does(drains(true))
    master.submit(2)
    expect(master.takeLeases()).to.deep.equal({})
    master.does(drains(false))
    expect(master.takeLeases()).to.deep.equal({ lab: [1, 2] })
  })

  it('still means it when it comes back with a new session', () => {
    const master = aMaster()
    master.joined('lab')
    master.does(drains(true))
    master.does({ type: 'disconnected', worker: 'lab' as NodeId, session: 1 })
    master.submit(1)
    master.joined('lab', { boot: 'boot-2' }, 2)
    master.hears('lab', { type: 'offer', credit: 2, withdrawn: 0, more: false }, 2)
    expect(master.takeLeases()).to.deep.equal({})
  })

  it('does not tell it of work that it will not get', () => {
    const master = aMaster()
    master.joined('lab', { credit: 0 })
    master.does(drains(true))
    master.submit(5)
    expect(master.takeWord()).to.deep.equal({})
    master.does(drains(false))
    expect(master.takeWord()).to.deep.equal({ lab: [true] })
  })

  it('gives up the slots that were kept for this master', () => {
    const master = aMaster()
    master.joined('lab', { credit: 0 })
    master.submit(2, { worker: 'lab' })
    master.forget()
    master.does(drains(true))
    master.hears('lab', { type: 'offer', credit: 2, withdrawn: 0, more: true })
    expect(master.takeWord()).to.deep.equal({ lab: [false] })
  })
})
