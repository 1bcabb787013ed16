import { hostname, totalmem } from 'node:os'
import { expect } from 'chai'
import { machineAmounts, machineLabels, machineName } from '../../../src/node/machine.ts'

describe('what a machine says of itself', () => {
  it('is its system, its processor and its name, and what its user says, who knows better', () => {
    expect(machineLabels()).to.deep.equal({
      os: process.platform,
      arch: process.arch,
      hostname: hostname()
    })
    expect(machineLabels({ gpu: '1', os: 'toaster' })).to.include({ gpu: '1', os: 'toaster' })
  })

  it('has memory, no more than there is, unless its user says how much of it tasks may take', () => {
    expect(machineAmounts()['memory']).to.be.within(1, totalmem())
    expect(machineAmounts({ memory: 5, gpu: 2 })).to.deep.equal({ memory: 5, gpu: 2 })
  })

  it('is what a node is called, without the domain', () => {
    expect(hostname().startsWith(machineName())).to.equal(true)
    expect(machineName()).to.match(/^[^.]+$/)
  })
})
