import { expect } from 'chai'
import { CONDUCT_KEEP_MS, CONDUCTS_MAX } from '../../../../src/core/limits.ts'
import { Conduct, Conducts } from '../../../../src/core/master/conduct.ts'
import type { NodeId } from '../../../../src/core/types.ts'

const worker = (number: number): NodeId => `w${number}` as NodeId

function aBadConduct(): Conduct {
  const conduct = new Conduct()
  conduct.fastFailures = 3
  return conduct
}

describe('Conducts', () => {
  it('gives a worker back what it was known for', () => {
    const conducts = new Conducts()
    const conduct = aBadConduct()
    conducts.remember(worker(1), conduct, 0)
    expect(conducts.recall(worker(1), 1_000)).to.equal(conduct)
    expect(conducts.size).to.equal(0)
  })

  it('thinks nothing of one it does not know', () => {
    expect(new Conducts().recall(worker(1), 0).isClean).to.equal(true)
  })

  it('keeps nothing of those who did nothing wrong', () => {
    const conducts = new Conducts()
    conducts.remember(worker(1), new Conduct(), 0)
    expect(conducts.size).to.equal(0)
  })

  it('forgets after a while', () => {
    const conducts = new Conducts()
    conducts.remember(worker(1), aBadConduct(), 0)
    expect(conducts.recall(worker(1), CONDUCT_KEEP_MS).isClean).to.equal(true)
    conducts.remember(worker(1), aBadConduct(), 0)
    conducts.remember(worker(2), aBadConduct(), CONDUCT_KEEP_MS)
    expect(conducts.size).to.equal(1)
  })

  it('forgets the longest gone when there are too many', () => {
    const conducts = new Conducts()
    for (let number = 0; number <= CONDUCTS_MAX; number++) {
      conducts.remember(worker(number), aBadConduct(), 0)
      if (number === 1) conducts.remember(worker(0), aBadConduct(), 0)
    }
    expect(conducts.size).to.equal(CONDUCTS_MAX)
    expect(conducts.recall(worker(1), 0).isClean).to.equal(true)
    expect(conducts.recall(worker(0), 0).isClean).to.equal(false)
  })
})
