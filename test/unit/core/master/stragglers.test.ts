/** A second attempt for what takes much longer than the others: when, and where. */
import { expect } from 'chai'
import { LOSSES_MAX, STRAGGLER_MIN_MS } from '../../../../src/core/limits.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { aMaster, aResult, ref } from '../../../support/machines.ts'
import {
  HEDGED,
  USUAL_MS,
  LATE_MS,
  passes,
  behind,
  doubled,
  leasesOf
} from '../../../support/stragglers.ts'

describe('stragglers', () => {
  it('get a second attempt elsewhere once they took three times as long as half of the others', () => {
    const master = behind()
    passes(master, 2 * USUAL_MS)
    expect(leasesOf(master)).to.deep.equal({})
    passes(master, LATE_MS - 2 * USUAL_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
    passes(master, 10 * LATE_MS)
    expect(leasesOf(master), 'a third').to.deep.equal({})
  })

  it('get none in a job that does not allow it', () => {
    const master = behind({})
    passes(master, 20 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
  })

  it('get none while less is known than it takes, or while as many run as have ended', () => {
    const few = behind(HEDGED, 3)
    passes(few, 20 * LATE_MS)
    expect(leasesOf(few)).to.deep.equal({})

    const master = aMaster()
    master.joined('slow', { slots: 4, credit: 4 })
    master.submit(7, HEDGED)
    const slow = [1, 2, 3, 4].map((task) => ref(task))
    master.hears('slow', { type: 'started', attempts: slow })
    master.joined('fast', { slots: 3, credit: 30 })
    const rest = [5, 6, 7].map((task) => ref(task))
    master.hearsReport('fast', rest, aResult('success', USUAL_MS))
    passes(master, 20 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
    master.hearsReport('slow', [ref(4)], aResult('success', USUAL_MS))
    passes(master, 2 * STRAGGLER_MIN_MS)
    expect(master.take('send').some(({ worker }) => worker === 'fast')).to.equal(true)
  })

  it('get none before a second, however short the others are', () => {
    const master = aMaster()
    master.joined('slow', { slots: 6, credit: 6 })
    master.submit(6, HEDGED)
    const rest = [2, 3, 4, 5, 6].map((task) => ref(task))
    // From here on the job is looked at; task 1 starts a little later.
    master.hears('slow', { type: 'started', attempts: rest })
    master.passes(100)
    master.hears('slow', { type: 'started', attempts: [ref(1)] })
    master.hearsReport('slow', rest.slice(1), aResult('success', 1))
    master.joined('fast', { slots: 2, credit: 2 })
    master.passes(STRAGGLER_MIN_MS - 100)
    master.take('send')
    master.passes(99)
    expect(leasesOf(master)).to.deep.equal({})
    master.passes(1)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  })

  it('are found soon, also when most turn out to be shorter than they were at first', () => {
    const master = behind()
    const { runTimes } = master.machine.state.jobs.get(1 as JobId)!.hedge!
    for (let times = 0; times < 10; times++) runTimes.add(100 * USUAL_MS)
    passes(master, 2 * STRAGGLER_MIN_MS)
    for (let times = 0; times < 20; times++) runTimes.add(1)
    passes(master, 200 * USUAL_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  })

  it('get none while anything waits, nor from a master that drains', () => {
    const master = behind()
    // It is to be tried elsewhere, and waits, although somebody is idle.
    const other = master.submit(1, { retries: 1, backoff: { kind: 'fixed', firstMs: 1, maxMs: 1 } })
    master.hearsReport('fast', [ref(1, 1, other)], aResult('failure'))
    passes(master, LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
    expect(master.machine.state.plain.idle.size).to.equal(1)
    expect(master.machine.state.waitingTasks).to.equal(1)
    passes(master, 2 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2, other), ref(1, 2)] })

    const draining = behind()
    draining.does({ type: 'drain' })
    passes(draining, LATE_MS)
    expect(leasesOf(draining)).to.deep.equal({})
  })

  it('get one only where the job may run one more, and where the slots are free that it takes', () => {
    const limited = aMaster()
    limited.joined('slow', { slots: 4, credit: 20 })
    limited.submit(5, HEDGED, { slotsMax: 1 })
    limited.hears('slow', { type: 'started', attempts: [ref(1)] })
    limited.joined('fast', { slots: 4, credit: 20 })
    for (const task of [2, 3, 4]) {
      passes(limited, STRAGGLER_MIN_MS)
      limited.hearsReport('fast', [ref(task)], aResult('success', USUAL_MS))
    }
    limited.hears('fast', { type: 'started', attempts: [ref(5)] })
    limited.forget()
    passes(limited, LATE_MS)
    expect([...limited.machine.state.plain.idle].map(({ id }) => id)).to.include('fast')
    expect(limited.takeLeases()).to.deep.equal({})
    limited.hearsReport('fast', [ref(5)], aResult('success', USUAL_MS))
    passes(limited, STRAGGLER_MIN_MS)
    expect(limited.takeLeases()).to.deep.equal({ fast: [1] })

    const large = aMaster()
    large.joined('slow', { slots: 8, credit: 20, amounts: {} })
    large.submit(4, HEDGED, { amounts: { cpus: 2 } })
    large.hears('slow', { type: 'started', attempts: [ref(1)] })
    const rest = [2, 3, 4].map((task) => ref(task))
    large.hearsReport('slow', rest, aResult('success', USUAL_MS))
    large.joined('fast', { slots: 2, credit: 20, amounts: {} })
    const other = large.submit(1, { worker: 'fast' })
    large.forget()
    passes(large, LATE_MS)
    expect(large.takeLeases()).to.deep.equal({})
    large.hearsReport('fast', [ref(1, 1, other)])
    passes(large, STRAGGLER_MIN_MS)
    expect(large.takeLeases()).to.deep.equal({ fast: [1] })
  })

  it('get one only where there is a free slot, and where the job may run', () => {
    const full = behind()
    full.submit(4)
    passes(full, LATE_MS)
    expect(leasesOf(full)).to.deep.equal({})

    const labeled = aMaster()
    labeled.joined('slow', { slots: 4, credit: 20, labels: { gpu: '1' } })
    labeled.submit(5, { ...HEDGED, requires: [{ label: 'gpu' }] })
    labeled.hears('slow', { type: 'started', attempts: [ref(1)] })
    const rest = [2, 3, 4, 5].map((task) => ref(task))
    labeled.hearsReport('slow', rest, aResult('success', USUAL_MS))
    labeled.joined('fast', { slots: 4, credit: 20 })
    passes(labeled, LATE_MS)
    expect(leasesOf(labeled)).to.deep.equal({})
    labeled.joined('other', { slots: 1, credit: 1, labels: { gpu: '1' } })
    passes(labeled, STRAGGLER_MIN_MS)
    expect(leasesOf(labeled)).to.deep.equal({ other: [ref(1, 2)] })
  })

  it('get no second attempt once two more losses would be the end of them', () => {
    const master = behind()
    const task = master.machine.state.jobs.get(1 as JobId)!.tasks.get(1)!
    task.losses = LOSSES_MAX - 2
    passes(master, 3 * LATE_MS)
    expect(leasesOf(master)).to.deep.equal({})
    task.losses--
    passes(master, LATE_MS)
    expect(leasesOf(master)).to.deep.equal({ fast: [ref(1, 2)] })
  })

  it('get another second attempt later, but not where one failed', () => {
    const failed = doubled()
    failed.hearsReport('fast', [ref(1, 2)], aResult('failure'))
    failed.forget()
    passes(failed, 10 * LATE_MS)
    expect(leasesOf(failed)).to.deep.equal({})

    const returned = doubled()
    returned.hearsReport('fast', [ref(1, 2)], aResult('returned'))
    passes(returned, 2 * USUAL_MS)
    expect(leasesOf(returned), 'at once').to.deep.equal({})
    passes(returned, LATE_MS)
    expect(leasesOf(returned)).to.deep.equal({ fast: [ref(1, 3)] })
  })
})
