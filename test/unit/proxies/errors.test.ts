/** What the errors of shared objects say. */
import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import { KINDS } from '../../../src/core/manager/calls.ts'
import type { Arg, Kind, Op, Status } from '../../../src/core/manager/calls.ts'
import { BrokenBarrierError, Empty, errorOf, Full } from '../../../src/proxies/errors.ts'

function messageOf(status: Status, kind: Kind, op: Op, args: readonly Arg[] = []): string {
  return errorOf({ request: 1, status, args, values: [] }, { kind, name: 'x', op }).message
}

describe('errors of shared objects', () => {
  it('have the names of their classes', () => {
    const errors = [new Empty('q'), new Full('q', 0), new BrokenBarrierError('b')]
    expect(errors.map(({ name }) => name)).to.deep.equal(['Empty', 'Full', 'BrokenBarrierError'])
    expect(String(errors[0])).to.match(/^Empty: nothing came/)
    for (const error of errors) expect(error).to.be.an.instanceOf(P2pJobsError)
  })

  it('say what is not held', () => {
    const messages = {
      lock: messageOf('notHeld', 'lock', 'release'),
      rlock: messageOf('notHeld', 'rlock', 'release'),
      bounded: messageOf('notHeld', 'boundedSemaphore', 'release'),
      ack: messageOf('notHeld', 'queue', 'ack'),
      taskDone: messageOf('notHeld', 'joinableQueue', 'taskDone'),
      wait: messageOf('notHeld', 'condition', 'wait'),
      notify: messageOf('notHeld', 'condition', 'notify')
    }
    expect(messages.lock).to.match(/^the lock 'x' was released although it is not held/)
    expect(messages.rlock).to.match(/^the rlock 'x' was released although this object does not/)
    expect(messages.bounded).to.match(/'x' was released more often than it was acquired/)
    expect(messages.ack).to.match(/^the queue 'x' has no such item on lease/)
    expect(messages.taskDone).to.match(/was told taskDone\(\) more often than items were put/)
    expect(messages.wait).to.match(
      /^the condition 'x' cannot be waited for, as its lock is not held/
    )
    expect(messages.notify).to.match(
      /^the condition 'x' cannot be notified, as its lock is not held/
    )
  })

  it('say what is to be done about an object that is not registered', () => {
    expect(messageOf('notFound', 'custom', 'attach')).to.equal(
      "no object 'x' is registered: call manager.register('x', factory) in the program that started the manager"
    )
  })

  it('say what else has the name', () => {
    const other = (kind: Kind): string =>
      messageOf('otherKind', 'custom', 'attach', [KINDS.indexOf(kind)])
    expect(other('queue')).to.equal("the object 'x' is something else: a queue")
    expect(other('event')).to.equal("the object 'x' is something else: an event")
  })
})
