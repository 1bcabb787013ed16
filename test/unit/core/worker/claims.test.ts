/** Tasks that take more than a slot, of several masters, on one worker. */
import { expect } from 'chai'
import fc from 'fast-check'
import type { Amounts } from '../../../../src/core/abilities.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

/** A worker that serves some masters; each has a job of plain tasks (1) and one like this (2). */
function serving(masters: string[], amounts: Amounts, slots = 4): TestWorker {
  const worker = aWorker({ slots, amounts: { gpu: 1, ram: 4 } })
  for (const master of masters) {
    worker.joined(master)
    worker.hearsSpec(master, { amounts }, 2)
  }
  worker.forget()
  return worker
}

/** What was started: the job and the task, in order. */
function starts(worker: TestWorker): string[] {
  return worker.take('start').map(({ job, task }) => `${job}.${task}`)
}

function isHungry(worker: TestWorker, ...masters: string[]): void {
  for (const master of masters) worker.hears(master, { type: 'renewed', more: true })
}

describe('worker: room for large tasks', () => {
  it('starts one when it fits, and not before', () => {
    const worker = serving(['m'], { cpus: 3 })
    worker.hearsLeases('m', [ref(1), ref(2)])
    worker.hearsLeases('m', [ref(1, 1, 2)])
    expect(starts(worker)).to.deep.equal(['1.1', '1.2'])
    worker.ends(1)
    expect(starts(worker)).to.deep.equal(['2.1'])
  })

  it('lets nothing overtake one that only needs slots', () => {
    const worker = serving(['m', 'n'], { cpus: 4 })
    worker.hearsLeases('m', [ref(1), ref(2)])
    worker.hearsLeases('n', [ref(1, 1, 2)])
    worker.hearsLeases('m', [ref(3)])
    expect(starts(worker)).to.deep.equal(['1.1', '1.2'])
    worker.ends(1)
    expect(starts(worker)).to.deep.equal([])
    worker.ends(2)
    expect(starts(worker)).to.deep.equal(['2.1'])
  })

  it('offers nobody the slots that are kept for it', () => {
    const worker = serving(['m', 'n'], { cpus: 4 })
    isHungry(worker, 'm')
    worker.hearsLeases('m', [ref(1)], true)
    worker.hearsLeases('n', [ref(1, 1, 2)])
    worker.passes(30)
    expect(worker.openCredit('m')).to.equal(0)
  })

  it('lets others go on while something else is missing, and leaves it that', () => {
    const worker = serving(['m', 'n'], { gpu: 1, cpus: 2 })
    worker.hearsLeases('m', [ref(1, 1, 2)])
    worker.hearsLeases('n', [ref(1, 1, 2)])
    worker.hearsLeases('m', [ref(1), ref(2)])
    expect(starts(worker), 'the second has to wait for the GPU').to.deep.equal([
      '2.1',
      '1.1',
      '1.2'
    ])
    worker.hearsLeases('m', [ref(2, 1, 2)])
    worker.ends(1)
    expect(worker.take('start').map(({ master }) => master)).to.deep.equal(['n'])
  })

  it('hands over nothing ahead beside one', () => {
    const worker = serving(['m'], { cpus: 2 }, 2)
    worker.runsFast('m', 400, 2)
    worker.hearsLeases('m', [ref(1, 1, 2)])
    worker.hearsLeases(
      'm',
      [1_001, 1_002].map((task) => ref(task))
    )
    expect(starts(worker)).to.deep.equal(['2.1'])
  })

  it('waits until what was handed over ahead has ended', () => {
    const worker = serving(['m'], { cpus: 2 }, 2)
    worker.runsFast('m', 400, 2)
    worker.hearsLeases(
      'm',
      [1_001, 1_002, 1_003].map((task) => ref(task)),
      true
    )
    expect(starts(worker)).to.have.lengthOf(3)
    worker.hearsLeases('m', [ref(1, 1, 2)], true)
    for (const run of [...worker.machine.state.runs.keys()].slice(0, 2)) worker.ends(run)
    expect(starts(worker)).to.deep.equal([])
    for (const run of worker.machine.state.runs.keys()) worker.ends(run)
    expect(starts(worker)).to.deep.equal(['2.1'])
  })

  it('still counts one that was canceled until it has ended', () => {
    const worker = serving(['m', 'n'], { gpu: 1 })
    worker.hearsLeases('m', [ref(1, 1, 2)])
    worker.hearsLeases('n', [ref(1, 1, 2)])
    worker.hears('m', { type: 'cancel', attempts: [ref(1, 1, 2)] })
    expect(starts(worker)).to.deep.equal(['2.1'])
    worker.ends(1, aResult('failure'))
    expect(starts(worker)).to.deep.equal(['2.1'])
  })

  it('refuses what it can never run', () => {
    const worker = serving(['m'], { gpu: 2 })
    worker.hearsLeases('m', [ref(1, 1, 2)])
    expect(starts(worker)).to.deep.equal([])
    const [report] = worker.takeMessages().filter(({ type }) => type === 'report')
    expect(report).to.have.nested.property('reports[0].result.outcome', 'refused')
  })

  it('keeps one that waits, however long, and gives it back when it drains', () => {
    const worker = serving(['m', 'n'], { gpu: 1 })
    worker.hearsLeases('m', [ref(1, 1, 2)])
    worker.hearsLeases('n', [ref(1, 1, 2)])
    worker.passes(4_000)
    expect(worker.takeReturned()).to.deep.equal([])
    worker.does({ type: 'drain', now: false })
    expect(worker.takeReturned()).to.deep.equal([1])
  })

  it('sleeps until the next renewal while one waits', () => {
    const worker = serving(['m', 'n'], { gpu: 1 })
    worker.hearsLeases('m', [ref(1, 1, 2)])
    worker.hearsLeases('n', [ref(1, 1, 2)])
    worker.passes(1_000)
    expect((worker.machine.deadline ?? 0) - worker.now).to.be.greaterThan(500)
  })

  it('lets a master answer first that was offered a slot and has not been served since', () => {
    const worker = serving(['near', 'far'], { cpus: 2 }, 2)
    worker.hearsLeases('near', [ref(1, 1, 2)])
    isHungry(worker, 'near', 'far')
    worker.passes(30)
    worker.forget()
    worker.ends(1)
    expect(worker.openCredit('far')).to.equal(1)
    worker.hearsLeases('near', [ref(2, 1, 2)], true)
    expect(starts(worker), 'the far one has been asked').to.deep.equal([])
    worker.hearsLeases('far', [ref(1)], true)
    expect(worker.take('start').map(({ master }) => master)).to.deep.equal(['far'])
    worker.hearsLeases('far', [ref(2)], true)
    expect(starts(worker), 'now it is the turn of the near one').to.deep.equal([])
    worker.ends(2)
    expect(worker.take('start').map(({ master }) => master)).to.deep.equal(['near'])
  })

  it('lets each of the others go first once, not for ever', () => {
    const worker = serving(['near', 'far'], { cpus: 2 }, 5)
    worker.hearsLeases('near', [ref(1, 1, 2)])
    isHungry(worker, 'far')
    worker.passes(30)
    isHungry(worker, 'near')
    worker.hearsLeases('near', [ref(2, 1, 2)], true)
    worker.forget()
    expect(worker.openCredit('far'), 'it is asked').to.be.greaterThan(1)
    worker.hearsLeases('far', [ref(1)], true)
    expect(worker.take('start').map(({ master }) => master)).to.deep.equal(['far', 'near'])
  })

  it('leaves what it waits for to one that came first', () => {
    const worker = aWorker({ slots: 4, amounts: { ram: 4 } })
    for (const master of ['m', 'n', 'o']) {
      worker.joined(master)
      for (const ram of [2, 4]) worker.hearsSpec(master, { amounts: { ram } }, ram)
    }
    worker.hearsLeases('m', [ref(1, 1, 2)])
    worker.hearsLeases('n', [ref(1, 1, 4)])
    worker.hearsLeases('o', [ref(1, 1, 2)])
    expect(starts(worker)).to.deep.equal(['2.1'])
    worker.ends(1)
    expect(starts(worker)).to.deep.equal(['4.1'])
  })

  it('does not stand back for tasks that their job keeps from running', () => {
    const worker = aWorker({ slots: 4, amounts: {} })
    worker.joined('far', { slotsMax: 1 })
    worker.hearsSpec('far', {}, 3)
    worker.joined('near')
    worker.hearsSpec('near', { amounts: { cpus: 2 } }, 2)
    worker.hearsLeases('far', [ref(1), ref(1, 1, 3)])
    worker.hearsLeases('near', [ref(1)])
    worker.hearsLeases('near', [ref(1, 1, 2)])
    // Tasks are short, or what waits would go back.
    worker.machine.state.speed.count(400, worker.now)
    worker.hearsLeases('far', [ref(2)])
    worker.forget()
    worker.ends(2)
    expect(starts(worker)).to.deep.equal(['2.1'])
  })

  it('waits no longer for one that does not answer than until the next renewal', () => {
    const worker = serving(['near', 'far'], { cpus: 2 }, 2)
    worker.hearsLeases('near', [ref(1, 1, 2)])
    isHungry(worker, 'near', 'far')
    worker.passes(30)
    worker.ends(1)
    worker.forget()
    worker.hearsLeases('near', [ref(2, 1, 2)], true)
    expect(starts(worker)).to.deep.equal([])
    for (let renewals = 0; renewals < 3; renewals++) {
      worker.passes(2_000)
      worker.hears('near', { type: 'renewed', more: true })
    }
    expect(starts(worker)).to.include('2.2')
  })
})

describe('worker: random large tasks', function () {
  this.timeout(30_000)

  it('never takes more than there is, and starts everything that can run', () => {
    const masters = ['a', 'b', 'c']
    const kinds: Amounts[] = [
      {},
      { cpus: 2 },
      { cpus: 4 },
      { gpu: 1 },
      { ram: 3 },
      { cpus: 2, ram: 2, gpu: 1 }
    ]
    const step = fc.oneof(
      fc.record({ master: fc.constantFrom(...masters), kind: fc.nat(kinds.length - 1) }),
      fc.record({ end: fc.nat(3) }),
      fc.record({ drop: fc.nat(5) })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const worker = aWorker({ slots: 4, amounts: { gpu: 1, ram: 4 } })
        for (const master of masters) {
          worker.joined(master)
          for (const [at, amounts] of kinds.entries()) worker.hearsSpec(master, { amounts }, at + 2)
        }
        let task = 0
        const leased = new Set<string>()
        for (const each of steps) {
          if ('kind' in each) {
            task++
            leased.add(`${each.master} ${task} ${each.kind + 2}`)
            worker.hearsLeases(each.master, [ref(task, 1, each.kind + 2)], true)
          } else if ('end' in each) {
            const run = [...worker.machine.state.runs.keys()][each.end]
            if (run !== undefined) worker.ends(run)
          } else {
            const [master = '', number = '1', job = '1'] = [...leased][each.drop]?.split(' ') ?? []
            if (master === '') continue
            leased.delete(`${master} ${number} ${job}`)
            const attempt = { job: Number(job) as JobId, task: Number(number), attempt: 1 }
            worker.hears(master, { type: 'cancel', attempts: [attempt] })
          }
        }
        // Masters with nothing more say so, and everything comes to its end.
        for (const master of masters) worker.hearsMore(master, false)
        for (let rounds = 0; worker.machine.state.runs.size > 0; rounds++) {
          expect(rounds).to.be.lessThan(200)
          for (const run of [...worker.machine.state.runs.keys()]) worker.ends(run)
        }
        const { queued, parked, claims } = worker.machine.state
        expect([queued, parked, claims]).to.deep.equal([0, 0, 0])
      }),
      { numRuns: 500 }
    )
  })
})
