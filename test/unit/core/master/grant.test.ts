import { expect } from 'chai'
import { FAST_FAILURES_MAX, HELD_TASKS_MAX } from '../../../../src/core/limits.ts'
import type { JobId, NodeId } from '../../../../src/core/types.ts'
import { aHold, aMaster, anyInputs, aResult, ref, SPEC } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

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
    master.hears('w', { type: 'offer', credit: 3, withdrawn: 0, more: false })
    master.hears('w', { type: 'offer', credit: 3, withdrawn: 0, more: false })
    master.hears('w', { type: 'offer', credit: 1, withdrawn: 0, more: false })
    expect(master.takeLeases()['w']).to.deep.equal([1, 2, 3])
  })

  it('leases nothing on credit that was taken back, whatever comes late', () => {
    const master = aMaster()
    master.joined('w', { credit: 2 })
    master.hears('w', { type: 'offer', credit: 3, withdrawn: 2, more: false })
    master.hears('w', { type: 'offer', credit: 3, withdrawn: 0, more: false })
    master.submit(10)
    expect(master.takeLeases()['w']).to.have.lengthOf(1)
    master.hears('w', { type: 'offer', credit: 3, withdrawn: 3, more: false })
    expect(master.takeLeases()).to.deep.equal({})
    master.hears('w', { type: 'offer', credit: 5, withdrawn: 3, more: false })
    expect(master.takeLeases()['w']).to.have.lengthOf(1)
  })

  it('leases nobody more than a worker can hold, whatever credit it claims', () => {
    const master = aMaster()
    master.joined('liar', { slots: 1, credit: Number.MAX_SAFE_INTEGER })
    master.submit(3 * HELD_TASKS_MAX)
    expect(master.takeLeases()['liar']).to.have.lengthOf(HELD_TASKS_MAX)
    master.hears('liar', {
      type: 'offer',
      credit: Number.MAX_SAFE_INTEGER,
      withdrawn: 0,
      more: false
    })
    expect(master.takeLeases()).to.deep.equal({})
  })

  it('serves free slots before it fills the hands of those who are busy', () => {
    const master = aMaster()
    master.joined('busy', { slots: 1, credit: 1 })
    master.submit(1)
    master.hears('busy', { type: 'offer', credit: 2, withdrawn: 0, more: false })
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
    master.hears('w', { type: 'offer', credit: 2, withdrawn: 0, more: false })
    expect(master.takeMessages('leases')).to.deep.equal([
      { type: 'leases', batch: 1, used: 2, more: false, leases: [] }
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
    master.hears('b', { type: 'offer', credit: 1, withdrawn: 0, more: false })
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
        master.hears(worker, {
          type: 'renewal',
          seen: 1,
          credit: worker === 'a' ? 9 : 0,
          withdrawn: 0
        })
      }
    }
    expect(master.takeLeases()).to.deep.equal({ a: [1] })
  })

  it('tries it on the same machine at once when no other may run it', () => {
    const master = aMaster()
    for (const worker of ['a', 'b']) master.joined(worker, { slots: 1, credit: 9 })
    master.submit(1, { retries: 1, worker: 'a' })
    master.hearsReport('a', [ref(1)], aResult('failure'))
    master.forget()
    master.passes(1_000)
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

  describe('work that nobody has credit for', () => {
    /** A worker that has one task, and no credit for more. */
    function aMasterWithAFullWorker(): TestMaster {
      const master = aMaster()
      master.joined('full', { slots: 1, credit: 1 })
      master.submit(1)
      master.forget()
      return master
    }

    it('is announced to a worker that has heard of none, once', () => {
      const master = aMasterWithAFullWorker()
      master.submit(1)
      expect(master.takeWord()).to.deep.equal({ full: [true] })
      master.submit(1)
      master.submit(1)
      master.expectNothingElse()
    })

    it('is announced again to one that was told since that there is none', () => {
      const master = aMasterWithAFullWorker()
      master.submit(1)
      master.joined('free', { slots: 1, credit: 1 })
      master.hears('full', { type: 'offer', credit: 2, withdrawn: 0, more: false })
      expect(master.takeWord()).to.deep.equal({ full: [false] })
      master.hears('full', { type: 'offer', credit: 2, withdrawn: 1, more: false })
      master.submit(1)
      expect(master.takeWord()).to.deep.equal({ full: [true], free: [true] })
    })

    it('was taken by others: credit offered for it is given up, and said to be each time', () => {
      const master = aMasterWithAFullWorker()
      master.submit(1)
      master.joined('free', { slots: 1, credit: 1 })
      for (const credit of [2, 3]) {
        master.hears('full', { type: 'offer', credit, withdrawn: 0, more: true })
        expect(master.takeMessages('leases')).to.deep.equal([
          { type: 'leases', batch: 1, used: credit, more: false, leases: [] }
        ])
      }
      master.hears('full', { type: 'offer', credit: 4, withdrawn: 0, more: false })
      master.expectNothingElse()
      master.submit(1)
      expect(master.takeLeases(), 'offered for whatever comes').to.deep.equal({ full: [1] })
    })

    it('was less than was offered for it: the rest of the slots is given up', () => {
      const master = aMaster()
      master.joined('w', { slots: 3, credit: 0 })
      master.submit(1)
      master.forget()
      master.hears('w', { type: 'offer', credit: 3, withdrawn: 0, more: true })
      const leases = master.takeMessages('leases')
      expect(leases.map(({ used, more }) => [used, more])).to.deep.equal([
        [1, false],
        [3, false]
      ])
    })

    it('may come soon: credit for short tasks, or offered for whatever comes, is kept', () => {
      const master = aMaster()
      master.joined('w', { slots: 3, credit: 0 })
      master.submit(1)
      master.forget()
      master.hears('w', { type: 'offer', credit: 100, withdrawn: 0, more: true })
      const [view] = master.machine.state.workers.values()
      expect(view?.openCredit, 'for short tasks').to.equal(99)
      const other = aMaster()
      other.joined('v', { slots: 3, credit: 3 })
      other.submit(1)
      expect([...other.machine.state.workers.values()][0]?.openCredit).to.equal(2)
    })

    it('is not announced to one that has credit', () => {
      const master = aMasterWithAFullWorker()
      master.joined('free', { slots: 9, credit: 9 })
      master.submit(9)
      expect(master.takeWord()).to.deep.equal({})
    })

    it('is announced to one that comes without credit', () => {
      const master = aMaster()
      master.submit(1)
      master.hears('full', aHold({ slots: 1, credit: 0 }))
      expect(master.takeWord()).to.deep.equal({ full: [true] })
    })

    it('is announced to one that takes its credit back, and not again for each time', () => {
      const master = aMaster()
      master.joined('w', { slots: 1, credit: 1 })
      master.hears('w', { type: 'offer', credit: 1, withdrawn: 1, more: false })
      master.submit(1)
      expect(master.takeWord()).to.deep.equal({ w: [true] })
      master.hears('w', { type: 'offer', credit: 1, withdrawn: 1, more: false })
      expect(master.takeWord()).to.deep.equal({})
    })

    it('is announced when a full worker gives it back and nobody else takes it', () => {
      const master = aMaster()
      master.joined('full', { slots: 1, credit: 1 })
      master.submit(1)
      master.forget()
      master.hearsReport('full', [ref(1)], aResult('returned'))
      expect(master.takeWord()).to.deep.equal({ full: [true] })
    })

    it('is announced to nobody who has as much of its job as one may have', () => {
      const master = aMaster()
      master.joined('w', { slots: 4, credit: 1 })
      master.submit(2, {}, { slotsMax: 1 })
      expect(master.takeMessages('leases')).to.have.nested.property('[0].more', false)
      master.submit(1, {}, { slotsMax: 1 })
      expect(master.takeWord(), 'another job').to.deep.equal({ w: [true] })
    })

    it('is announced to nobody on whom it failed, while others are there', () => {
      const master = aMaster()
      master.joined('w', { slots: 1, credit: 1 })
      master.joined('v', { slots: 1, credit: 0 })
      master.submit(1, { retries: 1 })
      master.hearsReport('w', [ref(1)], aResult('failure'))
      master.forget()
      master.passes(1_000)
      expect(master.takeWord()).to.deep.equal({ v: [true] })
    })

    /** A worker that failed everything, unlike another one, and has been given a rest. */
    function aMasterWithAHole(): TestMaster {
      const master = aMaster()
      master.joined('hole', { slots: FAST_FAILURES_MAX, credit: FAST_FAILURES_MAX })
      const job = master.submit(FAST_FAILURES_MAX)
      master.machine.state.jobs.get(job)!.succeededOn = 'other' as NodeId
      const refs = Array.from({ length: FAST_FAILURES_MAX }, (_, at) => ref(at + 1))
      master.hearsReport('hole', refs, aResult('failure', 1))
      master.forget()
      master.submit(1)
      return master
    }

    it('is announced to a worker that rests only when the rest is over', () => {
      const master = aMasterWithAHole()
      expect(master.takeWord()).to.deep.equal({})
      master.hearsRenewal('hole', FAST_FAILURES_MAX)
      expect(master.takeMessages('renewed')).to.deep.equal([{ type: 'renewed', more: false }])
      master.passes(1_000)
      expect(master.takeWord()).to.deep.equal({ hole: [true] })
    })

    it('is announced to nobody by a master that drains', () => {
      const master = aMasterWithAFullWorker()
      master.does({ type: 'drain' })
      master.forget()
      master.submit(1)
      master.hears('full', { type: 'offer', credit: 2, withdrawn: 0, more: false })
      expect(master.takeWord()).to.deep.equal({})
      master.hearsRenewal('full', 2)
      expect(master.takeMessages('renewed')).to.deep.equal([{ type: 'renewed', more: false }])
    })

    it('is announced to one that took its credit back while it still believed otherwise', () => {
      const master = aMaster()
      master.joined('w', { slots: 1, credit: 1 })
      master.hears('w', { type: 'offer', credit: 1, withdrawn: 1, more: true })
      master.submit(1)
      expect(master.takeWord()).to.deep.equal({ w: [true] })
    })

    it('is spoken of in the answer to every renewal', () => {
      const master = aMasterWithAFullWorker()
      master.hearsRenewal('full', 1)
      expect(master.takeMessages('renewed')).to.deep.equal([{ type: 'renewed', more: false }])
      master.submit(1)
      master.forget()
      master.hearsRenewal('full', 1)
      expect(master.takeMessages('renewed')).to.deep.equal([{ type: 'renewed', more: true }])
    })
  })

  describe('a job with a limit for each worker', () => {
    /** Tasks of job 1 end on `w`, one every millisecond; the last numbers leased to it. */
    function runsFast(master: TestMaster, first: number[], tasks: number): number[] {
      let held = first
      for (let ended = 0; ended < tasks; ended++) {
        master.now++
        master.hearsReport('w', [ref(held.shift() ?? 0)])
        held = held.concat(master.takeLeases()['w'] ?? [])
      }
      return held
    }

    it('begins with its limit, keeps about 100 ms of short tasks in hand, and then its limit', () => {
      const master = aMaster()
      master.joined('w', { slots: 4, credit: 10_000 })
      master.submit(1_000, {}, { slotsMax: 1 })
      expect(master.takeLeases()).to.deep.equal({ w: [1] })
      const held = runsFast(master, [1], 300)
      expect(held.length).to.be.within(50, 110)
      for (const task of held.slice(0, -1)) {
        master.passes(100)
        master.hearsRenewal('w', 10_000)
        master.hearsReport('w', [ref(task)])
      }
      expect(master.takeLeases()).to.deep.equal({})
      master.passes(300)
      master.hearsReport('w', [ref(held.at(-1) ?? 0)])
      expect(master.takeLeases()['w']).to.have.lengthOf(1)
    })

    it('leaves a worker its free slots for other jobs', () => {
      const master = aMaster()
      master.joined('w', { slots: 2, credit: 10_000 })
      master.submit(1_000, {}, { slotsMax: 1 })
      runsFast(master, master.takeLeases()['w'] ?? [], 300)
      const [view] = master.machine.state.workers.values()
      expect(view?.held.size).to.be.greaterThan(50)
      expect(view?.freeSlots).to.equal(1)
      expect(master.machine.state.plain.busy.has(view!)).to.equal(false)
    })

    it('costs nothing to add to while every worker has as much of it as it may', () => {
      const master = aMaster()
      for (let worker = 0; worker < 20; worker++) {
        master.joined(`w${worker}`, { slots: 4, credit: 4 })
      }
      const job = master.machine.nextJob
      master.submit(0)
      master.does({
        type: 'submit',
        job: master.machine.nextJob,
        spec: { ...SPEC, slotsMax: 1 },
        options: { priority: 0, retries: 0 }
      })
      master.does({ type: 'add', job: (job + 1) as JobId, inputs: anyInputs(30) })
      const { idle, busy, blocked } = master.machine.state.plain
      expect([idle.size, busy.size, blocked.size]).to.deep.equal([0, 0, 20])
      master.submit(1)
      expect(master.takeMessages('leases').at(-1)?.leases[0]).to.include({ job: job + 2 })
    })
  })
})
