import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { InHand } from '../../../../src/exec/functions/in-hand.ts'
import { ChildLedger, NodeLedger } from '../../../../src/exec/functions/ledger.ts'
import { Pace } from '../../../../src/exec/functions/pace.ts'
import { runOf } from '../../../../src/exec/functions/run.ts'
import type { Run, Work } from '../../../../src/exec/functions/run.ts'

function aRun(order: number, meanMs = 0.01, bytes = 10): Run {
  const start = { input: new Uint8Array(bytes) } as Run['start']
  return runOf(start, { pace: new Pace(meanMs) } as Work, order)
}

describe('tasks in hand', () => {
  let folder: string
  let fd: number
  let child: ChildLedger
  let node: NodeLedger
  let inHand: InHand

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-ledger-'))
    node = new NodeLedger(join(folder, 'ledger'))
    fd = openSync(join(folder, 'ledger'), 'r+')
    child = new ChildLedger(fd)
    inHand = new InHand(node)
    for (let order = 1; order <= 5; order++) inHand.add(aRun(order))
  })
  afterEach(() => {
    node.close()
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })

  const ordersOf = (runs: readonly Run[]): number[] => runs.map(({ order }) => order)

  it('are begun one after the other, and it is known which', () => {
    expect(inHand.current()).to.equal(undefined)
    for (const seq of [1, 2, 3]) expect(child.begin(seq)).to.equal(true)
    expect(inHand.current()?.order).to.equal(3)
    inHand.remove(1)
    inHand.remove(2)
    inHand.remove(3)
    expect(inHand.current()).to.equal(undefined)
    expect(inHand.size).to.equal(2)
  })

  it('come back as far as they have not begun, and never begin then', () => {
    child.begin(1)
    child.begin(2)
    expect(ordersOf(inHand.revoke())).to.deep.equal([3, 4, 5])
    expect(inHand.current()?.order).to.equal(2)
    for (const seq of [3, 4, 5]) expect(child.begin(seq)).to.equal(false)
    expect(inHand.current()?.order).to.equal(2)
    expect(inHand.revoke()).to.deep.equal([])
  })

  it('are taken again once the child has passed those that came back', () => {
    child.begin(1)
    inHand.revoke()
    expect(inHand.hasRoomFor(aRun(6))).to.equal(false)
    inHand.remove(1)
    for (const seq of [2, 3, 4, 5]) {
      expect(inHand.hasRoomFor(aRun(6))).to.equal(false)
      expect(child.begin(seq)).to.equal(false)
      expect(inHand.remove(seq)).to.equal(undefined)
    }
    expect(inHand.hasRoomFor(aRun(6))).to.equal(true)
    inHand.add(aRun(6))
    expect(child.begin(6)).to.equal(true)
    expect(inHand.current()?.order).to.equal(6)
  })

  it('do not come back when all have begun', () => {
    for (const seq of [1, 2, 3, 4, 5]) child.begin(seq)
    expect(inHand.revoke()).to.deep.equal([])
    expect(inHand.hasRoomFor(aRun(6))).to.equal(true)
  })

  it('stay with the child when they may have begun at that very moment', () => {
    child.begin(1)
    // The child begins the second between the two looks of the node.
    const beginsMeanwhile = Object.assign(Object.create(node) as NodeLedger, {
      revokeFrom: (seq: number) => {
        child.begin(2)
        node.revokeFrom(seq)
      }
    })
    Object.defineProperty(beginsMeanwhile, 'begun', { get: () => node.begun })
    const racing = new InHand(beginsMeanwhile)
    for (let order = 1; order <= 4; order++) racing.add(aRun(order))
    expect(ordersOf(racing.revoke())).to.deep.equal([3, 4])
    expect(racing.get(2)?.order).to.equal(2)
    expect(child.begin(3)).to.equal(false)
    expect(racing.current()?.order).to.equal(2)
  })

  it('are as many as will not take long, nor much memory', () => {
    const idle = new InHand(node)
    expect(idle.hasRoomFor(aRun(1, 10_000, 10_000_000))).to.equal(true)
    idle.add(aRun(1, 1))
    expect(idle.hasRoomFor(aRun(2, 0.4))).to.equal(true)
    expect(idle.hasRoomFor(aRun(2, 0.6))).to.equal(false)
    expect(idle.hasRoomFor(aRun(2, 0.4, 2_000_000))).to.equal(false)
    expect(idle.loadMs).to.equal(1)
    idle.remove(1)
    expect(idle.loadMs).to.equal(0)
  })

  it('are given back all when the child is gone', () => {
    child.begin(1)
    expect(ordersOf(inHand.clear())).to.deep.equal([1, 2, 3, 4, 5])
    expect(inHand.size).to.equal(0)
  })
})

describe('pace', () => {
  it('begins with the first task, and follows', () => {
    const pace = new Pace()
    pace.count(0.02)
    expect(pace.meanMs).to.equal(0.02)
    for (let n = 0; n < 100; n++) pace.count(5)
    expect(pace.meanMs).to.be.within(4.9, 5)
  })

  it('does not believe one surprise', () => {
    const pace = new Pace(0.02)
    pace.count(10_000)
    expect(pace.meanMs).to.be.below(0.06)
  })
})
