/** Who gets what: labels, amounts, and what a job that nobody suits costs the others. */
import { expect } from 'chai'
import type { Hold } from '../../../support/machines.ts'
import { aMaster, aResult, ref } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

const GPU = { labels: { gpu: '1' }, amounts: { gpu: 1 } }

function joins(master: TestMaster, worker: string, slots: number, more: Partial<Hold> = {}): void {
  master.hears(worker, {
    type: 'hold',
    boot: 'b',
    name: worker,
    slots,
    credit: slots,
    attempts: [],
    ...more
  })
}

describe('master: labels', () => {
  it('leases only where all of them match', () => {
    const master = aMaster()
    joins(master, 'plain', 2)
    joins(master, 'old-gpu', 2, { labels: { gpu: '0', os: 'linux' } })
    joins(master, 'gpu', 2, { labels: { gpu: '1', os: 'linux' } })
    master.submit(6, { requires: [{ label: 'gpu', value: '1' }, { label: 'os' }] })
    expect(master.takeLeases()).to.deep.equal({ gpu: [1, 2] })
  })

  it('waits for a worker that suits, and others are not told that work waits', () => {
    const master = aMaster()
    joins(master, 'plain', 2, { credit: 0 })
    master.submit(2, { requires: [{ label: 'gpu' }] })
    master.hears('plain', { type: 'offer', credit: 2, withdrawn: 0, more: false })
    expect(master.takeWord()).to.deep.equal({})
    joins(master, 'gpu', 2, GPU)
    expect(master.takeLeases()).to.deep.equal({ gpu: [1, 2] })
  })

  it('takes the labels of the newest session', () => {
    const master = aMaster()
    joins(master, 'w', 2)
    master.submit(1, { requires: [{ label: 'gpu' }] })
    master.hears(
      'w',
      { type: 'hold', boot: 'b', name: 'w', slots: 2, credit: 2, attempts: [], ...GPU },
      2
    )
    expect(master.takeLeases()).to.deep.equal({ w: [1] })
  })

  it('lets a task that failed go on where it failed when nobody else suits', () => {
    const master = aMaster()
    joins(master, 'plain', 2)
    joins(master, 'gpu', 1, { ...GPU, credit: 10 })
    master.submit(1, { retries: 1, requires: [{ label: 'gpu' }] })
    master.forget()
    master.hearsReport('gpu', [ref(1)], aResult('failure'))
    master.passes(1_100)
    expect(master.takeLeases()).to.deep.equal({ gpu: [1] })
  })

  it('costs others nothing while nobody suits', () => {
    const master = aMaster()
    for (let worker = 0; worker < 50; worker++) joins(master, `w${worker}`, 2)
    for (let job = 0; job < 20; job++) {
      master.submit(5, { priority: 9, requires: [{ label: `label-${job}` }] })
    }
    const { open, plain } = master.machine.state
    expect(open.size, 'needs that are looked at').to.equal(0)
    expect([plain.idle.size, plain.blocked.size]).to.deep.equal([50, 0])
    master.submit(1)
    expect(Object.keys(master.takeLeases())).to.have.lengthOf(1)
    expect(plain.idle.size).to.equal(50)
  })

  it('forgets what was asked for when the last such job has ended', () => {
    const master = aMaster()
    joins(master, 'gpu', 2, GPU)
    const jobs = [1, 2].map(() => master.submit(1, { requires: [{ label: 'gpu' }] }))
    expect(master.machine.state.needs.size).to.equal(2)
    for (const job of jobs) master.does({ type: 'cancel', job, reason: 'enough' })
    expect([...master.machine.state.needs.keys()]).to.deep.equal([''])
  })
})

describe('master: amounts', () => {
  const wide = { amounts: { cpus: 2 } }

  it('leases as many as fit beside each other, and no more', () => {
    const master = aMaster()
    joins(master, 'w', 5, { amounts: { gpu: 1 } })
    master.submit(9, {}, wide)
    expect(master.takeLeases()).to.deep.equal({ w: [1, 2] })
    master.submit(3, {}, { amounts: { gpu: 1 } })
    expect(master.takeLeases()).to.deep.equal({ w: [1] })
    master.hears('w', { type: 'offer', credit: 20, withdrawn: 0, more: true })
    expect(master.takeLeases()).to.deep.equal({})
    master.hearsReport('w', [ref(1)])
    master.hears('w', { type: 'offer', credit: 30, withdrawn: 0, more: true })
    expect(master.takeLeases()).to.deep.equal({ w: [3] })
  })

  it('leases none to a worker that has too little, or does not say what it has', () => {
    const master = aMaster()
    joins(master, 'small', 1, { amounts: {} })
    joins(master, 'old', 8)
    master.submit(1, {}, wide)
    expect(master.takeLeases()).to.deep.equal({})
    master.submit(1, {}, { amounts: { cpus: 1 } })
    expect(master.takeLeases(), 'one slot is what every task takes').to.deep.equal({ small: [1] })
  })

  it('leases a more important one that would wait only if another would take what it waits for', () => {
    const master = aMaster()
    joins(master, 'w', 4, { amounts: {}, credit: 100 })
    master.submit(9, {}, wide)
    expect(master.takeLeases()).to.deep.equal({ w: [1, 2] })
    master.submit(2, { priority: 1 }, { amounts: { cpus: 4 } })
    master.hears('w', { type: 'offer', credit: 101, withdrawn: 0, more: true })
    expect(master.takeLeases(), 'nothing small fits that could overtake it').to.deep.equal({})
    master.hearsReport('w', [ref(1)])
    master.hears('w', { type: 'offer', credit: 110, withdrawn: 0, more: true })
    expect(master.takeLeases(), 'the large one, which waits').to.deep.equal({ w: [1] })
    master.hearsReport('w', [ref(2)])
    expect(master.takeLeases(), 'one that waits is enough').to.deep.equal({})
  })

  it('keeps small ones from taking for ever what a large one waits for that has nothing there', () => {
    const master = aMaster()
    joins(master, 'w', 4, { amounts: {}, credit: 4 })
    master.submit(9, {}, wide)
    const first = master.submit(9, { submitter: 'ann' }, { amounts: { cpus: 4 } })
    master.forget()
    master.hearsReport('w', [ref(1)])
    master.hears('w', { type: 'offer', credit: 9, withdrawn: 0, more: true })
    const [leases] = master.takeMessages('leases')
    expect(leases?.leases.map(({ job }) => job)).to.deep.equal([first])
  })

  it('leases one that waits, and not a second one', () => {
    const master = aMaster()
    joins(master, 'w', 4, { amounts: { gpu: 2, ram: 9 }, credit: 1 })
    master.submit(1, {}, { amounts: { gpu: 1 } })
    const large = master.submit(3, { priority: 1 }, { amounts: { cpus: 2, gpu: 2 } })
    master.submit(1, {}, { amounts: { gpu: 1 } })
    const other = master.submit(1, {}, { amounts: { ram: 1 } })
    master.forget()
    master.hears('w', { type: 'offer', credit: 9, withdrawn: 0, more: true })
    const leased = master.takeMessages('leases').flatMap(({ leases }) => leases)
    expect(leased.map(({ job }) => job)).to.deep.equal([large, other])
  })

  it('prefers a worker where a large task can start at once', () => {
    const master = aMaster()
    joins(master, 'busy', 2, { amounts: {}, credit: 1 })
    master.submit(1)
    joins(master, 'free', 2, { amounts: {} })
    master.forget()
    master.hears('busy', { type: 'offer', credit: 2, withdrawn: 0, more: false })
    master.submit(1, {}, wide)
    expect(master.takeLeases()).to.deep.equal({ free: [1] })
    master.submit(1, {}, wide)
    expect(master.takeLeases(), 'nobody else is left').to.deep.equal({ busy: [1] })
  })
})
