import { expect } from 'chai'
import { cpuOf, parseMemory, parseStat, usedBetween } from '../../bench/usage.ts'

const STAT =
  '4711 (a (bad) name 1 2) S 1 4711 4711 0 -1 4194560 100 200 3 4 150 50 30 20 20 0 11 0 99 1 2'

describe('usage of processes', () => {
  it('reads CPU out of a stat line, whatever the process is called', () => {
    expect(parseStat(STAT)).to.deep.equal({ own: 2, children: 0.5 })
  })

  it('reads a line of memory', () => {
    const status = 'Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n'
    expect(parseMemory(status, 'VmHWM')).to.equal(2)
    expect(parseMemory(status, 'VmSwap')).to.be.NaN
  })

  it('CPU is that of the span, memory that of the whole life', () => {
    const before = { client: { cpuS: 3, peakMiB: 100, processes: 1 } }
    const after = {
      client: { cpuS: 4, peakMiB: 120, processes: 1 },
      'children of client': { cpuS: 0.5, peakMiB: 60, processes: 3 }
    }
    const used = usedBetween(before, after)
    expect(used).to.deep.equal({ ...after, client: { cpuS: 1, peakMiB: 120, processes: 1 } })
    expect(cpuOf(used)).to.equal(1.5)
  })
})
