import { expect } from 'chai'
import { aHold, aMaster, aResult, ref } from '../../../support/machines.ts'

describe('master: grant', () => {
  it('leases no more than the credit', () => {
    const master = aMaster()
    master.joined('w', { slots: 8, credit: 3 })
    master.submit(10)
    expect(master.takeLeases()['w']).to.have.lengthOf(3)
  })

  it('takes credit as an absolute number: a late smaller one changes nothing', () => {
    const master = aMaster()
    master.joined('w', { credit: 2 })
    master.submit(10)
    master.hears('w', { type: 'offer', credit: 3 })
    master.hears('w', { type: 'offer', credit: 3 })
    master.hears('w', { type: 'offer', credit: 1 })
    expect(master.takeLeases()['w']).to.deep.equal([1, 2, 3])
  })

  it('serves free slots before it fills the hands of those who are busy', () => {
    const master = aMaster()
    master.joined('busy', { slots: 1, credit: 1 })
    master.submit(1)
    master.hears('busy', { type: 'offer', credit: 2 })
    master.joined('idle', { slots: 1, credit: 1 })
    master.forget()
    master.submit(1)
    expect(master.takeLeases()).to.deep.equal({ idle: [1] })
  })

  it('deals the last tasks out to all machines, and keeps some for whoever is fastest', () => {
    const master = aMaster()
    master.joined('a', { slots: 1, credit: 100 })
    master.joined('b', { slots: 1, credit: 100 })
    master.submit(8)
    const leases = master.takeLeases()
    expect(leases['a']).to.have.lengthOf(3)
    expect(leases['b']).to.have.lengthOf(3)
    expect(master.machine.state.waitingTasks).to.equal(2)
  })

  it('leases one worker no more of a job than the job allows', () => {
    const master = aMaster()
    master.joined('w', { slots: 4, credit: 4 })
    master.submit(3, {}, { slotsMax: 1 })
    master.submit(1)
    const leases = master.takeMessages('leases').flatMap((message) => message.leases)
    expect(leases.map(({ job, task }) => [job, task])).to.deep.equal([
      [1, 1],
      [2, 1]
    ])
    master.hearsReport('w', [ref(1)])
    expect(master.takeLeases()).to.deep.equal({ w: [2] })
  })

  it('says that more waits, and when no more does', () => {
    const master = aMaster()
    master.joined('w', { credit: 1 })
    master.submit(2)
    expect(master.takeMessages('leases')).to.have.nested.property('[0].more', true)
    master.joined('v', { credit: 1 })
    master.hears('w', { type: 'offer', credit: 2 })
    expect(master.takeMessages('leases')).to.deep.equal([
      { type: 'leases', batch: 1, more: false, leases: [] }
    ])
  })

  it('tells a worker that gave a task back when nothing waits any more', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 1 })
    master.submit(1)
    master.hears('v', aHold({ slots: 1, credit: 1 }))
    master.forget()
    master.hearsReport('w', [ref(1)], aResult('returned'))
    expect(master.takeLeases()).to.deep.equal({ v: [1] })
    master.hears('w', { type: 'offer', credit: 2 })
    expect(master.takeMessages('leases')).to.deep.equal([
      { type: 'leases', batch: 1, more: false, leases: [] }
    ])
  })

  it('tries what failed on another machine first', () => {
    const master = aMaster()
    master.joined('a', { slots: 1, credit: 9 })
    master.submit(1, { retries: 1 })
    master.joined('b', { slots: 1, credit: 0 })
    master.hearsReport('a', [ref(1)], aResult('failure'))
    master.forget()
    master.passes(1_000)
    expect(master.takeLeases()).to.deep.equal({})
    master.hears('b', { type: 'offer', credit: 1 })
    expect(master.takeLeases()).to.deep.equal({ b: [1] })
  })

  it('tries it on the same machine when the others do not take it for long', () => {
    const master = aMaster()
    master.joined('a', { slots: 1, credit: 9 })
    master.submit(1, { retries: 1 })
    master.joined('b', { slots: 1, credit: 0 })
    master.hearsReport('a', [ref(1)], aResult('failure'))
    master.forget()
    for (let time = 0; time < 6; time++) {
      master.passes(2_000)
      for (const worker of ['a', 'b']) {
        master.hears(worker, { type: 'renewal', seen: 1, credit: worker === 'a' ? 9 : 0 })
      }
    }
    expect(master.takeLeases()).to.deep.equal({ a: [1] })
  })

  it('tries it on the same machine at once when there is no other with slots', () => {
    const master = aMaster()
    master.joined('a', { slots: 1, credit: 9 })
    master.joined('b', { slots: 0, credit: 0 })
    master.submit(1, { retries: 1 })
    master.hearsReport('a', [ref(1)], aResult('failure'))
    master.forget()
    master.passes(1_000)
    expect(master.takeLeases()).to.deep.equal({ a: [1] })
  })
})
