import { expect } from 'chai'
import { verdictOf } from '../../../src/exec/verdict.ts'

describe('verdict', () => {
  it('tells exit statuses from signals by what the shell said', () => {
    const exited = verdictOf({ type: 'status', status: 137, notice: '' })
    expect(exited).to.include({ outcome: 'failure', exitCode: 137, signal: undefined })
    const killed = verdictOf({ type: 'status', status: 137, notice: 'Killed' })
    expect(killed).to.deep.equal({
      outcome: 'failure',
      reason: 'killed by SIGKILL',
      exitCode: undefined,
      signal: 'SIGKILL'
    })
  })

  it('names the first of several names of a signal, and the number of one without', () => {
    expect(verdictOf({ type: 'status', status: 134, notice: 'Aborted' }).signal).to.equal('SIGABRT')
    expect(verdictOf({ type: 'status', status: 168, notice: 'x' }).signal).to.equal('SIG40')
  })

  it('refuses what the shell itself could not start', () => {
    const notice = 'sh: 4: cannot create /x/1.o:\nDirectory nonexistent'
    expect(verdictOf({ type: 'status', status: 2, notice })).to.include({
      outcome: 'refused',
      reason: 'sh: 4: cannot create /x/1.o: Directory nonexistent'
    })
    expect(verdictOf({ type: 'status', status: 254, notice: 'fork: no' }).outcome).to.equal(
      'refused'
    )
    expect(verdictOf({ type: 'broken', reason: 'no shell' })).to.include({ outcome: 'refused' })
  })

  it('is a success with status 0, whatever was said', () => {
    expect(verdictOf({ type: 'status', status: 0, notice: 'warning' }).outcome).to.equal('success')
  })
})
