import { expect } from 'chai'
import { expectDocumented } from '../../support/outcomes.ts'
import { memberEvent, memberNews, memberTable } from '../../../src/cli/member-lines.ts'
import { aMember } from './support.ts'

describe('memberEvent', () => {
  it('has everything about a member', () => {
    const event = memberEvent(aMember({ isMaster: true, addresses: ['/ip4/10.0.0.1/tcp/1'] }))
    expectDocumented([event])
    expect(event).to.deep.equal({
      event: 'member',
      peer: '12D3KooWlab',
      name: 'lab',
      status: 'alive',
      isMaster: true,
      isWorker: true,
      version: 'p2pjobs 1.2.3',
      addresses: ['/ip4/10.0.0.1/tcp/1'],
      problem: null
    })
  })

  it('says with null what is not known of one that was never met', () => {
    const event = memberEvent(aMember({ status: 'known', problem: 'nothing listens there' }))
    expectDocumented([event])
    expect(event).to.include({ name: null, isMaster: null, isWorker: null, version: null })
    expect(event).to.include({ status: 'known', problem: 'nothing listens there' })
  })
})

describe('memberNews', () => {
  it('says what has become of a member, and what it is for', () => {
    const roles = [
      memberNews(aMember({})),
      memberNews(aMember({ isMaster: true })),
      memberNews(aMember({ isMaster: true, isWorker: false })),
      memberNews(aMember({ isWorker: false }))
    ]
    expect(roles).to.deep.equal([
      'lab is alive (worker)',
      'lab is alive (master+worker)',
      'lab is alive (master)',
      'lab is alive (guest)'
    ])
    expect(memberNews(aMember({ status: 'left' }))).to.equal('lab has left')
    expect(memberNews(aMember({ status: 'failed' }))).to.equal('lab has failed')
    const problem = 'no answer in time'
    expect(memberNews(aMember({ status: 'failed', problem }))).to.equal(
      `lab has failed: ${problem}`
    )
    expect(memberNews(aMember({ status: 'known', problem }))).to.equal(
      `12D3KooWlab was seen, but is not a member: ${problem}`
    )
  })

  it('lets a terminal obey nothing', () => {
    const member = aMember({ name: 'a\u001b[2J\nb', status: 'failed', problem: '\u202e' })
    expect(memberNews(member)).to.equal('a\\x1b[2J\\nb has failed: \\u{202e}')
  })
})

describe('memberTable', () => {
  it('has a row for everybody who is or was a member', () => {
    const table = memberTable([
      aMember({
        name: 'desk',
        isMaster: true,
        addresses: ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1']
      }),
      aMember({ peer: 'seen', status: 'known' }),
      aMember({ peer: 'lab1', name: 'a long name', status: 'left', isWorker: false }),
      aMember({ peer: 'lab2', name: 'x\ny', status: 'failed' })
    ])
    expect(table?.split('\n')).to.deep.equal([
      'NAME         STATUS  ROLE           VERSION        PEER         ADDRESS',
      'desk         alive   master+worker  p2pjobs 1.2.3  12D3KooWlab  /ip4/10.0.0.1/tcp/1',
      'a long name  left    guest          p2pjobs 1.2.3  lab1         ?',
      'x\\ny         failed  worker         p2pjobs 1.2.3  lab2         ?',
      ''
    ])
  })

  it('is none where nobody is', () => {
    expect(memberTable([])).to.equal(undefined)
    expect(memberTable([aMember({ status: 'known' })])).to.equal(undefined)
  })
})
