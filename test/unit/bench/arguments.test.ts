import { expect } from 'chai'
import { parseArguments } from '../../bench/arguments.ts'

const KNOWN = ['workloads', 'pool', 'growth-tasks', 'growth-idle']

describe('arguments of the benchmark', () => {
  it('without any, everything is measured five times at its whole size', () => {
    expect(parseArguments([], KNOWN)).to.deep.equal({
      ...{ names: KNOWN, rounds: 5, tasks: undefined, scale: 1, out: undefined },
      workloads: ['w1', 'w2', 'w3', 'w4', 'w5'],
      ...{ systems: ['embedded', 'network', 'durable'], against: [] }
    })
  })

  it('takes names, and `growth` for all that grow', () => {
    expect(parseArguments(['pool'], KNOWN).names).to.deep.equal(['pool'])
    expect(parseArguments(['growth', 'pool'], KNOWN).names).to.deep.equal([
      ...['growth-tasks', 'growth-idle', 'pool']
    ])
  })

  it('a name that is not known is an error that says which are', () => {
    expect(() => parseArguments(['pol'], KNOWN)).to.throw(/no benchmark pol; there are .*pool/)
  })

  it('--quick is a tenth; --tasks is the number of W1, with the others in proportion', () => {
    expect(parseArguments(['--quick'], KNOWN)).to.include({ scale: 0.1, tasks: undefined })
    expect(parseArguments(['--tasks', '100000'], KNOWN)).to.include({ scale: 10, tasks: 100_000 })
  })

  it('--against can be repeated and take several', () => {
    const words = ['--against', 'nats', '--against=piscina,gearman']
    expect(parseArguments(words, KNOWN).against).to.deep.equal(['nats', 'piscina', 'gearman'])
  })

  it('--workloads and --systems choose, in their usual order', () => {
    const words = ['--workloads', 'w5,w1', '--systems', 'durable', '--systems', 'embedded']
    const { workloads, systems } = parseArguments(words, KNOWN)
    expect(workloads).to.deep.equal(['w1', 'w5'])
    expect(systems).to.deep.equal(['embedded', 'durable'])
  })

  for (const [words, problem] of [
    [['--rounds', '0'], /--rounds takes a whole number of at least 1, not 0/],
    [['--rounds', 'many'], /--rounds takes/],
    [['--tasks', '1.5'], /--tasks takes/],
    [['--workloads', 'w6'], /--workloads takes w1, w2, w3, w4, w5, not w6/],
    [['--systems', 'nats'], /--systems takes embedded, network, durable, not nats/],
    [['--fast'], /--fast/]
  ] as const) {
    it(`refuses ${words.join(' ')}`, () => {
      expect(() => parseArguments(words, KNOWN)).to.throw(problem)
    })
  }
})
