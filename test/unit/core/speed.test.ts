import { expect } from 'chai'
import { Speed } from '../../../src/core/speed.ts'

describe('Speed', () => {
  it('counts what happened within about the last 100 ms', () => {
    const speed = new Speed()
    for (let now = 1_000; now < 1_050; now++) speed.count(2, now)
    expect(speed.recent(1_050)).to.equal(100)
  })

  it('goes by the faster one of the present and the last 100 ms', () => {
    const speed = new Speed()
    speed.count(50, 1_000)
    speed.count(3, 1_100)
    expect(speed.recent(1_150)).to.equal(50)
    speed.count(3, 1_200)
    expect(speed.recent(1_250)).to.equal(3)
  })

  it('forgets everything after 200 ms in which nothing happened', () => {
    const speed = new Speed()
    speed.count(50, 1_000)
    expect(speed.recent(1_199)).to.equal(50)
    const later = new Speed()
    later.count(50, 1_000)
    expect(later.recent(1_200)).to.equal(0)
  })

  it('does not count time in which there was nothing to do', () => {
    const speed = new Speed()
    for (let now = 1_000; now < 1_900; now += 90) {
      speed.resume(now)
      speed.count(7, now + 1)
      speed.pause(now + 1)
    }
    expect(speed.recent(1_900)).to.equal(70)
  })

  it('forgets everything a second after there was something to do', () => {
    const speed = new Speed()
    speed.count(50, 1_000)
    speed.pause(1_000)
    expect(speed.changesAt).to.equal(2_000)
    expect(speed.recent(1_999)).to.equal(50)
    expect(speed.recent(2_000)).to.equal(0)
    speed.resume(2_100)
    expect(speed.recent(2_100)).to.equal(0)
  })

  it('says when to look again', () => {
    const speed = new Speed()
    speed.count(1, 1_000)
    expect(speed.changesAt).to.equal(1_100)
    expect(speed.last).to.equal(1)
    speed.recent(1_100)
    expect(speed.changesAt).to.equal(1_200)
    speed.recent(1_200)
    expect(speed.last).to.equal(0)
  })
})
