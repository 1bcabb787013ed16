import { expect } from 'chai'
import { aHold, aMaster, aResult, ref } from '../../../support/machines.ts'
import type { TestMaster } from '../../../support/machines.ts'

/** The same master after a crash: another process, the same journal. */
function restarted(master: TestMaster): TestMaster {
  const next = aMaster({ isDurable: true })
  next.restores(master)
  next.does({ type: 'recovered' })
  next.forget()
  return next
}

describe('master: restore', () => {
  it('rebuilds jobs, tasks and leases', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w')
    const job = master.submit(4, { retries: 1 })
    master.hearsReport('w', [ref(1)])
    master.hearsReport('w', [ref(2)], aResult('failure'))
    const next = restarted(master)
    const rebuilt = next.machine.state.jobs.get(job)
    expect(rebuilt?.counts).to.include({ waiting: 3, finished: 1 })
    expect(rebuilt?.tasks.get(2)).to.include({ attempt: 1, failures: 1 })
    expect(rebuilt?.tasks.get(2)?.avoids).to.deep.equal(['w'])
    expect(next.machine.nextJob).to.equal(2)
  })

  it('goes on where it was: the worker keeps its lease and its result is taken', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w', { credit: 1 })
    master.submit(1)
    const next = restarted(master)
    const attempts = [{ ...ref(1), state: 'ended' as const }]
    next.hears('w', aHold({ attempts, credit: 0 }), 7)
    expect(next.takeMessages('kept')).to.have.nested.property('[0].canceled').deep.equal([])
    expect(next.takeNotices('setback')).to.deep.equal([])
    next.hearsReport('w', [ref(1)], aResult(), 7)
    expect(next.takeNotices('settled')).to.have.lengthOf(1)
  })

  it('lets the leases of those who do not come back end after their whole length', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w', { credit: 1 })
    master.submit(1)
    const next = restarted(master)
    next.passes(5_999)
    expect(next.machine.state.waitingTasks).to.equal(0)
    next.passes(1)
    expect(next.machine.state.waitingTasks).to.equal(1)
    expect(next.takeNotices('parted'), 'nobody had come').to.deep.equal([])
  })

  it('uses no attempt number twice', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w', { credit: 1 })
    master.submit(1)
    const next = restarted(master)
    next.hears('w', aHold({ boot: 'boot-2', credit: 1 }), 7)
    const [leases] = next.takeMessages('leases')
    expect(leases?.leases[0]).to.include({ task: 1, attempt: 2 })
  })

  it('has forgotten the jobs that had ended', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w')
    master.submit(1)
    master.hearsReport('w', [ref(1)])
    const next = restarted(master)
    expect(next.machine.state.jobs.size).to.equal(0)
    expect(next.machine.nextJob).to.equal(2)
  })

  it('writes a lease down before it sends it', () => {
    const master = aMaster({ isDurable: true })
    master.joined('w')
    const effects = master.machine.handle(
      {
        type: 'submit',
        job: master.machine.nextJob,
        spec: {} as never,
        options: { priority: 0, retries: 0 }
      },
      0
    )
    const more = master.machine.handle(
      { type: 'add', job: 1 as never, inputs: [new Uint8Array(0)] },
      0
    )
    const types = [...effects, ...more].map(({ type }) => type)
    expect(types.lastIndexOf('journal')).to.be.lessThan(types.indexOf('send'))
  })

  it('writes nothing down unless it is durable', () => {
    const master = aMaster()
    master.submit(1)
    expect(master.takeRecords()).to.deep.equal([])
  })
})
