import { expect } from 'chai'
import {
  FAST_FAILURES_MAX,
  IDLE_RETURNS_MAX,
  UNPROVEN_RESTS_MAX
} from '../../../../src/core/limits.ts'
import type { Outcome } from '../../../../src/core/result.ts'
import { aHold, aMaster, aResult, ref } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

/** `hole` has everything in hand that it is about to fail. */
function aMasterWithAHole(spec: object = {}): TestMaster {
  const master = aMaster()
  master.joined('hole', { slots: 100, credit: 100 })
  master.submit(100, {}, spec)
  master.forget()
  return master
}

function failFast(master: TestMaster, from: number, to: number, outcome: Outcome): void {
  const refs = []
  for (let task = from; task <= to; task++) refs.push(ref(task))
  master.hearsReport('hole', refs, aResult(outcome, 1))
}

const restsOf = (master: TestMaster): number => master.takeNotices('resting').length

describe('master: judge', () => {
  it('gives a worker a rest on which everything fails while others succeed', () => {
    const master = aMasterWithAHole()
    master.machine.state.jobs.get(ref(1).job)!.succeededOn = 'other' as never
    failFast(master, 1, FAST_FAILURES_MAX - 1, 'failure')
    expect(restsOf(master)).to.equal(0)
    failFast(master, FAST_FAILURES_MAX, FAST_FAILURES_MAX, 'failure')
    expect(restsOf(master)).to.equal(1)
  })

  it('takes a function that throws for one that has run, unless it could not be started', () => {
    const master = aMasterWithAHole({ kind: 'function' })
    master.machine.state.jobs.get(ref(1).job)!.succeededOn = 'other' as never
    failFast(master, 1, 50, 'failure')
    expect(restsOf(master)).to.equal(0)
    failFast(master, 51, 60, 'refused')
    expect(restsOf(master)).to.equal(1)
  })

  it('leases nothing to it until the rest is over', () => {
    const master = aMasterWithAHole()
    failFast(master, 1, FAST_FAILURES_MAX, 'refused')
    expect(restsOf(master)).to.equal(1)
    master.forget()
    master.hears('hole', { type: 'offer', credit: 101, withdrawn: 0, more: false })
    master.submit(1)
    expect(master.takeLeases()).to.deep.equal({})
    master.passes(1_000)
    expect(master.takeLeases()['hole']).to.have.lengthOf(1)
  })

  it('believes a worker that is alone', () => {
    const master = aMasterWithAHole()
    failFast(master, 1, 50, 'failure')
    expect(restsOf(master)).to.equal(0)
  })

  it('believes a worker when the job fails elsewhere, too', () => {
    const master = aMasterWithAHole()
    master.joined('other', { credit: 0 })
    master.machine.state.jobs.get(ref(1).job)!.noteFailure('other' as never)
    failFast(master, 1, 50, 'failure')
    expect(restsOf(master)).to.equal(0)
  })

  it('gives a few rests without proof, while others have reported nothing', () => {
    const master = aMasterWithAHole()
    master.joined('other', { credit: 0 })
    let rests = 0
    for (let task = FAST_FAILURES_MAX; task < 20; task++) {
      failFast(master, task === FAST_FAILURES_MAX ? 1 : task, task, 'failure')
      rests += restsOf(master)
      for (let time = 0; time < 4; time++) {
        for (const worker of ['hole', 'other']) {
          master.hears(worker, { type: 'renewal', seen: 100, credit: 0, withdrawn: 0 })
        }
        master.passes(2_000)
      }
    }
    expect(rests).to.equal(UNPROVEN_RESTS_MAX)
  })

  it('thinks nothing of failures that took their time', () => {
    const master = aMasterWithAHole()
    master.machine.state.jobs.get(ref(1).job)!.succeededOn = 'other' as never
    const refs = Array.from({ length: 20 }, (_, at) => ref(at + 1))
    master.hearsReport('hole', refs, aResult('failure', 2_000))
    expect(restsOf(master)).to.equal(0)
  })

  it('remembers a worker that goes and comes back', () => {
    const master = aMasterWithAHole()
    failFast(master, 1, FAST_FAILURES_MAX - 1, 'refused')
    master.hears('hole', { type: 'bye' })
    master.joined('hole', { slots: 100, credit: 100, boot: 'boot-2' }, 2)
    const lives = [...master.machine.state.jobs.get(ref(1).job)!.tasks.values()]
    const held = lives.find((task) => task.worker === 'hole' && task.isHeld)!
    master.hearsReport('hole', [held.ref], aResult('refused', 1), 2)
    expect(restsOf(master)).to.equal(1)
  })

  it('lets a rest go on for a worker that comes back before its end', () => {
    const master = aMasterWithAHole()
    failFast(master, 1, FAST_FAILURES_MAX, 'refused')
    master.hears('hole', { type: 'bye' })
    master.hears('hole', aHold({ slots: 100, credit: 100 }), 2)
    expect(master.takeLeases()).to.deep.equal({})
    master.passes(1_000)
    expect(master.takeLeases()['hole']?.length).to.be.greaterThan(50)
  })

  it('gives a worker a rest that gives everything back and never begins', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 1_000 })
    master.submit(1)
    for (let attempt = 1; attempt <= IDLE_RETURNS_MAX; attempt++) {
      master.hearsReport('w', [ref(1, attempt)], aResult('returned'))
    }
    expect(restsOf(master)).to.equal(0)
    master.hearsReport('w', [ref(1, IDLE_RETURNS_MAX + 1)], aResult('returned'))
    expect(restsOf(master)).to.equal(1)
  })

  it('thinks nothing of one that gives back what it has no room for, and begins others', () => {
    const master = aMaster()
    master.joined('w', { slots: 1, credit: 1_000 })
    master.submit(1)
    for (let attempt = 1; attempt <= 3 * IDLE_RETURNS_MAX; attempt++) {
      if (attempt % IDLE_RETURNS_MAX === 0) {
        master.hears('w', { type: 'started', attempts: [ref(1, attempt)] })
      }
      master.hearsReport('w', [ref(1, attempt)], aResult('returned'))
    }
    expect(restsOf(master)).to.equal(0)
  })
})
