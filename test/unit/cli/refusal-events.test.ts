import { expect } from 'chai'
import { jsonEvents } from '../../../src/cli/json-events.ts'
import { refusalEvents } from '../../../src/cli/refusal-events.ts'
import type { RefusalEvent } from '../../../src/cli/refusal-events.ts'
import { P2pJobsError } from '../../../src/core/errors.ts'
import type { NodeId } from '../../../src/core/types.ts'
import { Refusals } from '../../../src/node/refusals.ts'

describe('refusal events', () => {
  let told: RefusalEvent[]
  let refusals: Refusals

  beforeEach(() => {
    told = []
    refusals = new Refusals(refusalEvents((event) => told.push(event)))
  })

  function peer(number: number): NodeId {
    return `peer-${number}` as NodeId
  }

  it('have the fields that the document names', () => {
    refusals.add('hello', peer(1), 'it said no hello in time')
    const documented = jsonEvents.find(({ event }) => event === 'refusal')
    expect(Object.keys(told[0]!)).to.deep.equal([
      'event',
      ...documented!.fields.map(({ name }) => name)
    ])
  })

  it('are told less and less of who keeps on trying, with their number', () => {
    for (let times = 0; times < 1_000; times++) refusals.add('stranger', undefined, 'a handshake')
    expect(told.map(({ count }) => count)).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
    expect(refusals.counts).to.deep.equal({ stranger: 1_000, hello: 0, message: 0 })
  })

  it('are told of each peer, and of each kind', () => {
    for (const times of [1, 2, 3]) {
      refusals.add('hello', peer(1), `${times}`)
      refusals.add('hello', peer(2), `${times}`)
      refusals.add('message', peer(1), `${times}`)
    }
    expect(told.map(({ kind, peer: of, reason }) => `${kind} ${of ?? ''} ${reason}`)).to.deep.equal(
      [
        ...['hello peer-1 1', 'hello peer-2 1', 'message peer-1 1'],
        ...['hello peer-1 2', 'hello peer-2 2', 'message peer-1 2']
      ]
    )
  })

  it('are bounded, however many peers there are', () => {
    for (let number = 0; number < 5_000; number++) refusals.add('hello', peer(number), 'no')
    expect(told.length).to.be.within(1_000, 1_020)
  })

  it('count what a peer is to blame for, and nothing else', () => {
    refusals.note(peer(1), undefined)
    refusals.note(peer(1), new Error('the stream was reset'))
    refusals.note(peer(1), new P2pJobsError('UNREACHABLE', 'gone'))
    refusals.note(peer(1), new P2pJobsError('BLOB_NOT_FOUND', 'not here'))
    expect(refusals.counts.message).to.equal(0)
    refusals.note(peer(1), new P2pJobsError('BAD_MESSAGE', 'a peer sent nonsense'))
    refusals.note(peer(1), new P2pJobsError('BLOB_DAMAGED', 'other bytes'))
    expect(refusals.counts.message).to.equal(2)
  })
})
