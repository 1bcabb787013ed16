import { expect } from 'chai'
import type { Machine } from '../../../src/core/machine.ts'
import { monotonicNow } from '../../../src/node/clock.ts'
import { Driver } from '../../../src/node/driver.ts'

type Event = { type: 'wake' } | { type: 'extend'; by: number }

/** A lease: it ends unless it is extended in time. */
class Lease implements Machine<Event, 'ended'> {
  deadline: number | undefined

  constructor(ms: number) {
    this.deadline = monotonicNow() + ms
  }

  handle(event: Event, now: number): 'ended'[] {
    if (event.type === 'extend') this.deadline = now + event.by
    else if (this.deadline !== undefined && now >= this.deadline) {
      this.deadline = undefined
      return ['ended']
    }
    return []
  }
}

/** Keeps everything in this process waiting. */
function block(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

describe('Driver', () => {
  const drivers: Driver<Event, 'ended'>[] = []
  let keptAlive: NodeJS.Timeout

  // The timers of drivers keep no process alive.
  beforeEach(() => (keptAlive = setInterval(() => undefined, 1_000)))
  afterEach(() => {
    clearInterval(keptAlive)
    for (const driver of drivers.splice(0)) driver.stop()
  })

  function aDriver(ms: number, onEnded: () => void): Driver<Event, 'ended'> {
    const driver = new Driver<Event, 'ended'>(new Lease(ms), (effects) => effects.forEach(onEnded))
    drivers.push(driver)
    // Any event sets the timer.
    driver.dispatch({ type: 'wake' })
    return driver
  }

  it('wakes its machine at its deadline', async () => {
    const startedAt = performance.now()
    await new Promise<void>((resolve) => aDriver(20, resolve))
    expect(performance.now() - startedAt).to.be.at.least(19)
  })

  it('brings what has waited for it before a deadline that passed meanwhile', async () => {
    const story: string[] = []
    const lease = aDriver(300, () => story.push('the lease ended'))
    await new Promise<void>((resolve) => {
      // The renewal was due early in the pause, the end of the lease a moment before its end.
      aDriver(5, () => {
        story.push('renewed')
        lease.dispatch({ type: 'extend', by: 60_000 })
        setImmediate(() => setImmediate(() => setImmediate(resolve)))
      })
      block(310)
    })
    expect(story).to.deep.equal(['renewed'])
  })

  it('brings events of events one after the other', () => {
    const seen: string[] = []
    const machine: Machine<Event, string> = {
      deadline: undefined,
      handle: (event) => [`${event.type} begun`, `${event.type} done`]
    }
    const driver = new Driver<Event, string>(machine, (effects) => {
      for (const effect of effects) {
        seen.push(effect)
        if (effect === 'wake begun') driver.dispatch({ type: 'extend', by: 1 })
      }
    })
    driver.dispatch({ type: 'wake' })
    expect(seen).to.deep.equal(['wake begun', 'wake done', 'extend begun', 'extend done'])
  })

  it('does nothing more once it is stopped', () => {
    let ended = 0
    const driver = aDriver(0, () => ended++)
    expect(ended).to.equal(1)
    driver.stop()
    driver.dispatch({ type: 'extend', by: 0 })
    driver.dispatch({ type: 'wake' })
    expect(ended).to.equal(1)
  })
})
