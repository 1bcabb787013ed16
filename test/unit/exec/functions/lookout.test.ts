import { mock } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { expect } from 'chai'
import type { Child } from '../../../../src/exec/functions/child.ts'
import type { Dispatcher } from '../../../../src/exec/functions/dispatcher.ts'
import { Lookout } from '../../../../src/exec/functions/lookout.ts'
import type { Run } from '../../../../src/exec/functions/run.ts'

const LOOK_MS = 10
const IDLE_MS = 1_000_000

/** A child that nobody has heard of for long, with so many tasks. */
function aChild(size: number, run: Partial<Run> | undefined) {
  return {
    size,
    heardAt: -Infinity,
    current: () => run,
    revoked: 0,
    revoke(): Run[] {
      this.revoked += this.size - 1
      this.size = 1
      return []
    }
  }
}

describe('Lookout', () => {
  let looks = 0
  let told: number[] = []

  async function lookAt(child: ReturnType<typeof aChild>, times: number): Promise<void> {
    looks = 0
    told = []
    const dispatcher = {
      children: () => [child as unknown as Child],
      dispatch: () => looks++,
      putBack: () => undefined
    }
    const lookout = new Lookout(dispatcher as unknown as Dispatcher, IDLE_MS, {
      onStarted: (runs) => told.push(...runs),
      retire: () => undefined
    })
    lookout.lookLater()
    for (let time = 0; time < times; time++) {
      mock.timers.tick(LOOK_MS)
      await turnOfTheLoop()
    }
    lookout.close()
  }

  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('looks no more at a task that runs alone and of which all is known', async () => {
    await lookAt(aChild(1, { hasWaited: false }), 10)
    expect(looks).to.equal(1)
  })

  it('says once that a task which had to wait has begun', async () => {
    const start = { run: 7 } as Run['start']
    await lookAt(aChild(1, { hasWaited: true, isToldBegun: false, start }), 10)
    expect(told).to.deep.equal([7])
    expect(looks).to.equal(1)
  })

  it('goes on while a task has not begun', async () => {
    await lookAt(aChild(1, undefined), 10)
    expect(looks).to.be.greaterThan(5)
  })

  it('takes back what waits behind a long task', async () => {
    const child = aChild(3, { hasWaited: false })
    await lookAt(child, 10)
    expect(child.revoked).to.equal(2)
    expect(looks).to.equal(1)
  })
})
