import { expect } from 'chai'
import { answerDelayMs, Inlet, questionDelayMs } from '../../../src/net/mdns-schedule.ts'

describe('mdns schedule', () => {
  it('asks often at first, then ever less, but at least once a minute', () => {
    const delays = Array.from({ length: 10 }, (_, index) => questionDelayMs(index + 1, 0.5))
    expect(delays.slice(0, 4)).to.deep.equal([250, 250, 500, 1_000])
    expect(delays.slice(4)).to.deep.equal([5_000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it('spreads the questions of nodes that started at the same moment', () => {
    expect(questionDelayMs(5, 0)).to.equal(4_000)
    expect(questionDelayMs(5, 0.999)).to.be.within(5_900, 6_000)
  })

  it('answers at once when it has been quiet', () => {
    expect(answerDelayMs(1_000, undefined, 0.9)).to.equal(0)
    expect(answerDelayMs(60_000, 50_000, 0.9)).to.equal(0)
  })

  it('answers at most twice a second, and then not all at one instant', () => {
    expect(answerDelayMs(1_000, 1_000, 0)).to.equal(500)
    expect(answerDelayMs(1_400, 1_000, 0)).to.equal(100)
    expect(answerDelayMs(1_400, 1_000, 0.99)).to.equal(199)
    expect(answerDelayMs(3_000, 1_000, 0.5)).to.equal(50)
  })
})

describe('mdns inlet', () => {
  it('admits a burst, then so many a second', () => {
    const inlet = new Inlet(0)
    const admitted = (count: number, now: number): number =>
      Array.from({ length: count }, () => inlet.admits(300, now)).filter(Boolean).length
    expect(admitted(5_000, 0)).to.equal(1_000)
    expect(admitted(5_000, 0)).to.equal(0)
    expect(admitted(5_000, 100)).to.equal(50)
    expect(admitted(5_000, 1_100)).to.equal(500)
    expect(admitted(5_000, 1_000_000)).to.equal(1_000)
  })

  it('lets large datagrams pay the square of their size, and refuses giants', () => {
    const inlet = new Inlet(0)
    const admitted = Array.from({ length: 100 }, () => inlet.admits(9_000, 0)).filter(Boolean)
    expect(admitted).to.have.length(3)
    expect(new Inlet(0).admits(9_001, 0)).to.equal(false)
  })
})
