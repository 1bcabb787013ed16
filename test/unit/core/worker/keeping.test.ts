import { expect } from 'chai'
import { KEEP_DURABLE_MS } from '../../../../src/core/limits.ts'
import { aResult, aWorker, ref } from '../../../support/machines.ts'
import type { TestWorker } from '../../../support/machines.ts'

const SHORT = aResult('success', 999)
const LONG = aResult('success', 1_000)

/** Runs tasks 1 and 2 for a durable master. */
function aBusyWorker(): TestWorker {
  const worker = aWorker()
  worker.joinedDurable('m')
  worker.hearsLeases('m', [ref(1), ref(2)])
  worker.forget()
  return worker
}

describe('worker: keeping', () => {
  it('writes down at once what took a second, and says whose it is', () => {
    const worker = aBusyWorker()
    worker.ends(1, LONG)
    const [keep] = worker.take('keep')
    expect(keep).to.deep.equal({
      ...{ type: 'keep', master: 'm', epoch: 'epoch-1', keepMs: KEEP_DURABLE_MS },
      reports: [{ ...ref(1), result: LONG }]
    })
  })

  it('writes down anything shorter only when it is not accepted within a second', () => {
    const worker = aBusyWorker()
    worker.ends(1, SHORT)
    worker.passes(500)
    worker.ends(2, SHORT)
    worker.passes(499)
    expect(worker.takeKept()).to.deep.equal([])
    worker.passes(1)
    expect(worker.takeKept()).to.deep.equal([1])
    worker.passes(500)
    expect(worker.takeKept()).to.deep.equal([2])
    worker.passes(1_000)
    expect(worker.takeKept()).to.deep.equal([])
  })

  it('writes down nothing that was accepted soon', () => {
    const worker = aBusyWorker()
    worker.ends(1, SHORT)
    worker.passes(900)
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    worker.passes(1_000)
    expect(worker.takeKept()).to.deep.equal([])
    expect(worker.takeReleased()).to.deep.equal([1])
  })

  it('writes down everything once its master is lost', () => {
    const worker = aBusyWorker()
    worker.ends(1, SHORT)
    worker.disconnects('m')
    expect(worker.takeKept()).to.deep.equal([1])
    worker.ends(2, SHORT)
    expect(worker.takeKept()).to.deep.equal([2])
  })

  it('writes down everything of a session that has not settled', () => {
    const worker = aBusyWorker()
    worker.connects('m', 2)
    worker.ends(1, SHORT)
    expect(worker.takeKept()).to.deep.equal([1])
  })

  it('writes down what is waiting when a newer session takes the place of one', () => {
    const worker = aBusyWorker()
    worker.ends(1, SHORT)
    worker.connects('m', 2)
    worker.passes(1_000)
    expect(worker.takeKept()).to.deep.equal([1])
  })

  it('writes down everything when it leaves, and what ends until then', () => {
    const worker = aBusyWorker()
    worker.ends(1, SHORT)
    worker.does({ type: 'drain', now: false })
    expect(worker.takeKept()).to.deep.equal([1])
    worker.ends(2, SHORT)
    expect(worker.takeKept()).to.deep.equal([2])
  })

  it('leaves without waiting for a lost master, and keeps what it has of that', () => {
    const worker = aBusyWorker()
    worker.disconnects('m')
    worker.ends(1, SHORT)
    worker.forget()
    worker.does({ type: 'drain', now: true })
    worker.ends(2, aResult('failure'))
    expect(worker.take('drained')).to.have.lengthOf(1)
    expect(worker.takeKept(), 'what was ended halfway is no result').to.deep.equal([])
    expect(worker.takeReleased()).to.deep.equal([])
  })

  it('writes down nothing of what was not done', () => {
    const worker = aBusyWorker()
    worker.disconnects('m')
    worker.ends(1, aResult('returned'))
    worker.ends(2, aResult('refused'))
    worker.expectNothingElse()
  })

  it('writes down nothing for a master that dies with its record', () => {
    const worker = aWorker()
    worker.joined('m')
    worker.hearsLeases('m', [ref(1), ref(2)])
    worker.ends(1, LONG)
    worker.disconnects('m')
    worker.ends(2, LONG)
    worker.passes(1_000)
    expect(worker.takeKept()).to.deep.equal([])
  })

  it('has removed what was accepted, and what is wanted no more', () => {
    const worker = aBusyWorker()
    worker.ends(1, LONG)
    worker.ends(2, LONG)
    worker.hears('m', { type: 'accepted', attempts: [ref(1)] })
    expect(worker.takeReleased()).to.deep.equal([1])
    worker.connects('m', 2, 'epoch-2')
    expect(worker.takeReleased()).to.deep.equal([2])
  })
})
