import { expect } from 'chai'
import { ratiosOf, subjectOf, tasksAt } from '../../bench/measures.ts'

describe('measures of the workloads', () => {
  it('say the system, what it is, and the unit', () => {
    expect(subjectOf('network', 'w2P50')).to.deep.equal({
      ...{ bench: 'workloads', what: 'network: W2 one at a time, p50', unit: 'ms' }
    })
  })

  it('more is ahead of a rate, less of a cost, round by round', () => {
    const ours = [
      { w1Rate: 200, w1Cpu: 20 },
      { w1Rate: 100, w1Cpu: 40 }
    ]
    const theirs = [
      { w1Rate: 100, w1Cpu: 40 },
      { w1Rate: 400, w1Cpu: 20 }
    ]
    expect(ratiosOf(['network', ours], ['nats', theirs])).to.deep.equal([
      {
        ...{ bench: 'workloads', unit: 'x', values: [2, 0.25] },
        what: 'network ahead of nats: W1 no-op tasks one by one'
      },
      {
        ...{ bench: 'workloads', unit: 'x', values: [2, 0.5] },
        what: 'network ahead of nats: W1 CPU of all processes'
      }
    ])
  })

  it('every rate of commands is compared with the one a peer has', () => {
    const ours = [{ w3Rate: 1_000, w3Whole: 500, w3Large: 900 }]
    const ratios = ratiosOf(['embedded', ours], ['xargs', [{ w3Rate: 2_000 }]])
    expect(ratios.map(({ values }) => values)).to.deep.equal([[0.5], [0.25], [0.45]])
  })

  it('what only one of them measures is not compared, nor the speed of the machine', () => {
    const ours = [{ w1Rate: 1, w3Rate: NaN, w5Unit: 50 }]
    const theirs = [{ w2P50: 1, w3Rate: 1, w5Unit: 40 }]
    expect(ratiosOf(['network', ours], ['nats', theirs])).to.deep.equal([])
  })

  it('counts tasks as the peers do at any scale', () => {
    expect(tasksAt('w1', 1)).to.equal(10_000)
    expect(tasksAt('w5', 0.1)).to.equal(6)
    expect(tasksAt('w5', 0.001)).to.equal(2)
  })
})
