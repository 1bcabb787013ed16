/** Shared locks, semaphores, conditions, events and barriers: who holds, who waits, who is lost. */
import { expect } from 'chai'
import { LEASE, ManagerWorld } from '../../../support/manager-world.ts'
import type { WorldClient } from '../../../support/manager-world.ts'

describe('what is held and waited for', () => {
  let world: ManagerWorld
  let one: WorldClient
  let two: WorldClient

  beforeEach(() => {
    world = new ManagerWorld()
    one = world.client()
    two = world.client()
  })

  describe('a lock', () => {
    it('has one holder, and goes to who has waited longest, each time with a higher fence', () => {
      const [mine, theirs] = [one.attach('lock', 'l'), two.attach('lock', 'l')]
      expect(one.ask(mine, 'acquire').args).to.deep.equal([true, 1])
      const second = two.call(theirs, 'acquire')
      const third = one.call(mine, 'acquire')
      one.ask(mine, 'release', { args: [1] })
      expect(two.answers.get(second)?.args).to.deep.equal([true, 2])
      expect(one.statusOf(third)).to.equal('waits')
      two.ask(theirs, 'release', { args: [2] })
      expect(one.answers.get(third)?.args).to.deep.equal([true, 3])
    })

    it('of a lost holder is free after its lease, and its late release is refused', () => {
      const [mine, theirs] = [one.attach('lock', 'l'), two.attach('lock', 'l')]
      one.ask(mine, 'acquire')
      const waiting = two.call(theirs, 'acquire')
      one.cut()
      world.pass(LEASE - 1)
      expect(two.statusOf(waiting)).to.equal('waits')
      world.pass(1)
      expect(two.answers.get(waiting)?.args).to.deep.equal([true, 2])
      one.connect()
      world.pass(1)
      one.connect()
      expect(one.statusOf(one.call(mine, 'release', { args: [1] }))).to.equal('notHeld')
      expect(two.ask(theirs, 'release', { args: [2] }).status).to.equal('ok')
    })

    it('stays with a holder that comes back within its lease', () => {
      const mine = one.attach('lock', 'l')
      one.ask(mine, 'acquire')
      for (let time = 0; time < 5; time++) {
        one.cut()
        world.pass(LEASE - 1)
        one.connect()
        world.settle()
      }
      expect(one.ask(mine, 'release', { args: [1] }).status).to.equal('ok')
    })

    it('is not taken by who has given up waiting', () => {
      const [mine, theirs] = [one.attach('lock', 'l'), two.attach('lock', 'l')]
      one.ask(mine, 'acquire')
      const late = two.call(theirs, 'acquire', { timeoutMs: 10 })
      const canceled = two.call(theirs, 'acquire')
      expect(two.ask(theirs, 'acquire', { timeoutMs: 0 }).args).to.deep.equal([false])
      world.pass(10)
      two.cancel(canceled)
      expect(two.answers.get(late)?.args).to.deep.equal([false])
      expect(two.statusOf(canceled)).to.equal('canceled')
      one.ask(mine, 'release', { args: [null] })
      expect(one.ask(mine, 'state').args).to.deep.equal([false, 1])
    })

    it('that is free cannot be released', () => {
      const mine = one.attach('lock', 'l')
      expect(one.ask(mine, 'release', { args: [null] }).status).to.equal('notHeld')
    })

    it('that is recursive counts, and only its holder takes or releases it again', () => {
      const [mine, other] = [one.attach('rlock', 'r'), one.attach('rlock', 'r')]
      one.ask(mine, 'acquire')
      expect(one.ask(mine, 'acquire').args).to.deep.equal([true, 1])
      expect(one.ask(other, 'acquire', { timeoutMs: 0 }).args).to.deep.equal([false])
      expect(one.ask(other, 'release', { args: [null] }).status).to.equal('notHeld')
      one.ask(mine, 'release', { args: [1] })
      const waiting = one.call(other, 'acquire')
      expect(one.statusOf(waiting)).to.equal('waits')
      one.ask(mine, 'release', { args: [1] })
      expect(one.answers.get(waiting)?.args).to.deep.equal([true, 2])
    })
  })

  describe('a semaphore', () => {
    it('lets so many in, and what a lost client took comes back', () => {
      const [mine, theirs] = [one.attach('semaphore', 's', 2), two.attach('semaphore', 's', 2)]
      one.ask(mine, 'acquire')
      one.ask(mine, 'acquire')
      const waits = [two.call(theirs, 'acquire'), two.call(theirs, 'acquire')]
      one.kill()
      world.pass(LEASE)
      expect(waits.map((wait) => two.statusOf(wait))).to.deep.equal(['ok', 'ok'])
      expect(two.ask(theirs, 'state').args).to.deep.equal([0])
    })

    it('that somebody released for its holder is not raised when that one is lost', () => {
      const [mine, theirs] = [one.attach('semaphore', 's', 2), two.attach('semaphore', 's', 2)]
      one.ask(mine, 'acquire')
      const { args } = two.ask(theirs, 'acquire')
      two.ask(theirs, 'release', { args: [args[1]!] })
      two.ask(theirs, 'release', { args: [null, 1] })
      expect(two.ask(theirs, 'state').args).to.deep.equal([2])
      one.kill()
      world.pass(LEASE)
      expect(two.ask(theirs, 'state').args).to.deep.equal([2])
    })

    it('is raised by one program and taken by another as often as they like', () => {
      const [mine, theirs] = [one.attach('semaphore', 's', 0), two.attach('semaphore', 's', 0)]
      for (let count = 0; count < 10; count++) {
        one.ask(mine, 'release', { args: [null, 1] })
        two.ask(theirs, 'acquire')
      }
      two.kill()
      world.pass(LEASE)
      // Only what it had taken last, and nobody has released since.
      expect(one.ask(mine, 'state').args).to.deep.equal([1])
    })

    it('is raised by a release without an acquire; a bounded one refuses it', () => {
      const mine = one.attach('semaphore', 's', 1)
      one.ask(mine, 'release', { args: [null, 2] })
      expect(one.ask(mine, 'state').args).to.deep.equal([3])
      const bounded = one.attach('boundedSemaphore', 'b', 1)
      expect(one.ask(bounded, 'release', { args: [null, 1] }).status).to.equal('notHeld')
      const { args } = one.ask(bounded, 'acquire')
      expect(one.ask(bounded, 'release', { args: [args[1]!] }).status).to.equal('ok')
      expect(one.ask(bounded, 'release', { args: [args[1]!] }).status).to.equal('notHeld')
    })
  })

  describe('a condition', () => {
    it('gives the lock away while it waits, and gets it back when notified', () => {
      const [mine, theirs] = [one.attach('condition', 'c'), two.attach('condition', 'c')]
      one.ask(mine, 'acquire')
      const wait = one.call(mine, 'wait')
      expect(two.ask(theirs, 'acquire').args).to.deep.equal([true, 2])
      two.ask(theirs, 'notify', { args: [1] })
      expect(one.statusOf(wait)).to.equal('waits')
      two.ask(theirs, 'release', { args: [2] })
      expect(one.answers.get(wait)?.args).to.deep.equal([true, 3])
      expect(one.ask(mine, 'release', { args: [3] }).status).to.equal('ok')
    })

    it('wakes those who have waited longest, as many as told', () => {
      const handles = [one, two, one].map((client) => client.attach('condition', 'c'))
      const waits = handles.map((handle, place) => {
        const client = place === 1 ? two : one
        client.ask(handle, 'acquire')
        return client.call(handle, 'wait')
      })
      const notifier = two.attach('condition', 'c')
      const notify = (count: number | null): void => {
        const { args } = two.ask(notifier, 'acquire')
        two.ask(notifier, 'notify', { args: [count] })
        two.ask(notifier, 'release', { args: [args[1]!] })
      }
      notify(2)
      const statuses = () => waits.map((wait, place) => (place === 1 ? two : one).statusOf(wait))
      expect(statuses()).to.deep.equal(['ok', 'waits', 'waits'])
      one.ask(handles[0]!, 'release', { args: [null] })
      expect(statuses()).to.deep.equal(['ok', 'ok', 'waits'])
      two.ask(handles[1]!, 'release', { args: [null] })
      expect(statuses()).to.deep.equal(['ok', 'ok', 'waits'])
      notify(null)
      expect(statuses()).to.deep.equal(['ok', 'ok', 'ok'])
    })

    it('holds the lock again also when it took too long, or was canceled', () => {
      const [mine, theirs] = [one.attach('condition', 'c'), two.attach('condition', 'c')]
      one.ask(mine, 'acquire')
      const late = one.call(mine, 'wait', { timeoutMs: 10 })
      two.ask(theirs, 'acquire')
      world.pass(10)
      expect(one.statusOf(late)).to.equal('waits')
      two.ask(theirs, 'release', { args: [null] })
      expect(one.answers.get(late)?.args.slice(0, 1)).to.deep.equal([false])
      const canceled = one.call(mine, 'wait')
      one.cancel(canceled)
      expect(one.answers.get(canceled)).to.deep.include({ status: 'canceled', args: [true, 4] })
      expect(one.ask(mine, 'state').args).to.deep.equal([true, 4])
    })

    it('that is deleted ends those who wait for it, and for its lock', () => {
      const [mine, theirs] = [one.attach('condition', 'c'), two.attach('condition', 'c')]
      one.ask(mine, 'acquire')
      const waits = [one.call(mine, 'wait')]
      two.ask(theirs, 'acquire')
      waits.push(one.call(mine, 'acquire'))
      one.ask(0, 'delete', { args: ['c'] })
      expect(waits.map((wait) => one.statusOf(wait))).to.deep.equal(['deleted', 'deleted'])
    })

    it('ends with its lock', () => {
      const lock = one.attach('lock', 'l')
      const [mine, other] = [one.attach('condition', 'c', lock), one.attach('condition', 'd', lock)]
      one.ask(lock, 'acquire')
      const wait = one.call(mine, 'wait')
      one.ask(0, 'delete', { args: ['d'] })
      one.ask(0, 'delete', { args: ['l'] })
      expect(one.statusOf(wait)).to.equal('deleted')
      expect(one.ask(mine, 'acquire').status).to.equal('deleted')
      expect(one.ask(other, 'acquire').status).to.equal('deleted')
    })

    it('cannot be used without its lock', () => {
      const mine = one.attach('condition', 'c')
      expect(one.ask(mine, 'wait').status).to.equal('notHeld')
      expect(one.ask(mine, 'notify', { args: [1] }).status).to.equal('notHeld')
    })

    it('takes a lock that is an object, also an RLock as deep as it was', () => {
      const lock = one.attach('rlock', 'r')
      const mine = one.attach('condition', 'c', lock)
      one.ask(lock, 'acquire')
      one.ask(lock, 'acquire')
      const wait = one.call(mine, 'wait')
      const theirs = two.attach('condition', 'c', two.attach('rlock', 'r'))
      two.ask(theirs, 'acquire')
      two.ask(theirs, 'notify', { args: [1] })
      two.ask(theirs, 'release', { args: [null] })
      expect(one.statusOf(wait)).to.equal('ok')
      one.ask(lock, 'release', { args: [null] })
      expect(one.ask(lock, 'state').args[0]).to.equal(true)
      one.ask(lock, 'release', { args: [null] })
      expect(one.ask(lock, 'state').args[0]).to.equal(false)
    })
  })

  describe('an event', () => {
    it('lets all through once it is set, until it is cleared', () => {
      const [mine, theirs] = [one.attach('event', 'e'), two.attach('event', 'e')]
      const waits = [two.call(theirs, 'wait'), two.call(theirs, 'wait', { timeoutMs: 5 })]
      world.pass(5)
      one.ask(mine, 'set')
      expect(waits.map((wait) => two.answers.get(wait)?.args[0])).to.deep.equal([true, false])
      expect(two.ask(theirs, 'wait').args).to.deep.equal([true])
      one.ask(mine, 'clear')
      expect(two.ask(theirs, 'wait', { timeoutMs: 0 }).args).to.deep.equal([false])
    })
  })

  describe('a barrier', () => {
    function arrivals(hasAction = false): [number, number, number[]] {
      const [mine, theirs] = [one.attach('barrier', 'b', 2), two.attach('barrier', 'b', 2)]
      return [mine, theirs, [one.call(mine, 'arrive', { args: [hasAction] })]]
    }

    it('lets all through when all are there, again and again', () => {
      const [mine, theirs, [first]] = arrivals()
      const second = two.ask(theirs, 'arrive', { args: [false] })
      expect([one.answers.get(first!)?.args, second.args]).to.deep.equal([
        [0, false],
        [1, false]
      ])
      const again = one.call(mine, 'arrive', { args: [false] })
      expect(one.statusOf(again)).to.equal('waits')
      two.ask(theirs, 'arrive', { args: [false] })
      expect(one.statusOf(again)).to.equal('ok')
    })

    it('has its action carried out before anybody goes on', () => {
      const [mine, theirs, [first]] = arrivals(true)
      const second = two.call(theirs, 'arrive', { args: [false] })
      expect(one.answers.get(first!)?.args).to.deep.equal([0, true, 1])
      expect(two.statusOf(second)).to.equal('waits')
      expect(one.ask(mine, 'acted', { args: [true, 1] }).status).to.equal('ok')
      expect(two.answers.get(second)?.args).to.deep.equal([1, false])
    })

    it('that was reset waits for the new action, not for the one before', () => {
      const [mine, theirs] = arrivals(true)
      two.call(theirs, 'arrive', { args: [false] })
      two.ask(theirs, 'reset')
      one.call(mine, 'arrive', { args: [true] })
      const second = two.call(theirs, 'arrive', { args: [false] })
      expect(one.ask(mine, 'acted', { args: [true, 1] }).status).to.equal('broken')
      expect(two.statusOf(second)).to.equal('waits')
      expect(one.ask(mine, 'acted', { args: [true, 2] }).status).to.equal('ok')
      expect(two.statusOf(second)).to.equal('ok')
    })

    for (const [what, end] of [
      ['whose action fails', () => one.call(1, 'acted', { args: [false, 1] })],
      ['whose action is cut off', () => one.kill()]
    ] as const) {
      it(`${what} is broken`, () => {
        const [, theirs] = arrivals(true)
        const second = two.call(theirs, 'arrive', { args: [false] })
        end()
        world.pass(LEASE)
        expect(two.statusOf(second)).to.equal('broken')
      })
    }

    for (const [what, end] of [
      ['takes too long', () => world.pass(10)],
      ['is aborted', () => two.call(1, 'abort')],
      ['is reset', () => two.call(1, 'reset')],
      [
        'loses one who waits',
        () => {
          two.kill()
          world.pass(LEASE)
        }
      ]
    ] as const) {
      it(`that ${what} is broken for those who wait`, () => {
        const three = [one.attach('barrier', 'b', 3), two.attach('barrier', 'b', 3)]
        const first = one.call(three[0]!, 'arrive', { args: [false] })
        two.call(three[1]!, 'arrive', { args: [false], timeoutMs: 10 })
        expect(one.statusOf(first)).to.equal('waits')
        end()
        expect(one.statusOf(first)).to.equal('broken')
        one.call(three[0]!, 'reset')
        expect(one.statusOf(one.call(three[0]!, 'arrive', { args: [false] }))).to.equal('waits')
      })
    }
  })
})
