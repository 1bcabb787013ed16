import { expect } from 'chai'
import { axisOfRoundValues, axisOfValues, short, shortBytes } from '../../bench/axis.ts'
import type { Axis } from '../../bench/axis.ts'

const LINEAR = { label: 'MiB', isLog: false }
const LOG = { label: 'tasks', isLog: true }

function texts({ ticks }: Axis): string[] {
  return ticks.map(({ text }) => text)
}

describe('axes of pictures', () => {
  it('of round values begin at 0 and end above the most', () => {
    const axis = axisOfRoundValues(LINEAR, [3, 17])
    expect(texts(axis)).to.deep.equal(['0', '5', '10', '15', '20'])
    expect(axis.place(10)).to.equal(0.5)
  })

  it('of round values in powers of ten hold them all', () => {
    const axis = axisOfRoundValues(LOG, [0.02, 450])
    expect(texts(axis)).to.deep.equal(['0.01', '0.1', '1', '10', '100', '1k'])
    expect(axis.place(0.01)).to.be.closeTo(0, 1e-9)
    expect(axis.place(1_000)).to.be.closeTo(1, 1e-9)
  })

  it('of values have a tick for each, once', () => {
    const axis = axisOfValues(LOG, [1, 16, 4, 4])
    expect(texts(axis)).to.deep.equal(['1', '4', '16'])
    expect(axis.place(4)).to.be.closeTo(0.5, 1e-9)
  })

  it('leave out ticks for which there is no room', () => {
    expect(texts(axisOfValues(LINEAR, [1, 10, 50, 500]))).to.deep.equal(['10', '50', '500'])
  })

  it('a single value stands in the middle', () => {
    expect(axisOfValues(LOG, [7]).place(7)).to.equal(0.5)
  })

  it('write large numbers and sizes shortly', () => {
    expect([0.25, 999, 20_000, 1_500_000].map(short)).to.deep.equal(['0.25', '999', '20k', '1.5M'])
    expect([64, 32_768, 16_777_216].map(shortBytes)).to.deep.equal(['64 B', '32 KiB', '16 MiB'])
  })
})
