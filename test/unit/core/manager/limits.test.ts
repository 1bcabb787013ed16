/** What a manager takes from its clients at most; who comes with more is told so, and loses nothing. */
import { expect } from 'chai'
import { KINDS } from '../../../../src/core/manager/calls.ts'
import {
  HANDLES_MAX,
  MANAGER_CLIENTS_MAX,
  OBJECTS_MAX,
  WAITS_MAX
} from '../../../../src/core/limits.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { LEASE, ManagerWorld } from '../../../support/manager-world.ts'
import type { WorldClient } from '../../../support/manager-world.ts'

describe('a manager and more than it takes', () => {
  let world: ManagerWorld

  beforeEach(() => (world = new ManagerWorld()))

  /** Names so many objects in one go; returns the last request. */
  function name(client: WorldClient, count: number, toName: (place: number) => string): number {
    const kind = KINDS.indexOf('lock')
    let request = 0
    for (let handle = 1; handle <= count; handle++) {
      request = client.add(handle, 'attach', { args: [kind, toName(handle)] })
    }
    client.handle({ type: 'flush' })
    world.settle()
    return request
  }

  it('names of objects, of one client', () => {
    const client = world.client()
    const last = name(client, HANDLES_MAX + 1, () => 'lock')
    expect([client.statusOf(last - 1), client.statusOf(last)]).to.deep.equal(['ok', 'limit'])
    expect(client.ask(1, 'acquire').args[0]).to.equal(true)
  })

  it('objects', () => {
    for (let made = 0; made < OBJECTS_MAX; made += HANDLES_MAX) {
      const count = Math.min(HANDLES_MAX, OBJECTS_MAX - made)
      const client = world.client()
      expect(client.statusOf(name(client, count, (place) => `${made + place}`))).to.equal('ok')
    }
    const client = world.client()
    expect(client.statusOf(name(client, 1, () => 'one more'))).to.equal('limit')
    client.ask(0, 'delete', { args: ['1'] })
    const handle = 2
    const args = [KINDS.indexOf('lock'), 'one more']
    expect(client.ask(handle, 'attach', { args }).status).to.equal('ok')
  })

  it('calls of one client that wait', () => {
    const [client, other] = [world.client(), world.client()]
    const [queue, others] = [client.attach('queue', 'q'), other.attach('queue', 'q')]
    let last = 0
    for (let count = 0; count <= WAITS_MAX; count++) last = client.add(queue, 'get')
    client.handle({ type: 'flush' })
    world.settle()
    expect([client.statusOf(last - 1), client.statusOf(last)]).to.deep.equal(['waits', 'limit'])
    other.put(others, 'a')
    expect(client.taken(last - WAITS_MAX)).to.deep.equal(['a'])
  })

  it('clients', () => {
    for (let count = 0; count < MANAGER_CLIENTS_MAX; count++) {
      const peer = `p${count}` as NodeId
      world.handle({ type: 'message', peer, session: -1 - count, message: opening('c') })
    }
    expect(world.client().gone).to.equal('full')
    // They have been silent for a lease.
    world.now += LEASE
    world.handle({ type: 'wake' })
    expect(world.client().gone).to.equal(undefined)
  })

  function opening(client: string) {
    return {
      type: 'open',
      client,
      name: client,
      manager: 'm',
      epoch: undefined,
      answers: 0
    } as const
  }
})
