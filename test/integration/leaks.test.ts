/** What is left of peers that came and went: nothing. */
import { queryObjects } from 'node:v8'
import { expect } from 'chai'
import { FrameStream } from '../../src/net/frame-stream.ts'
import { Outlet } from '../../src/net/outlet.ts'
import { Admitting } from '../support/admitting.ts'
import { aHold } from '../support/machines.ts'
import { until } from '../support/until.ts'

const CYCLES = 30
/** The last of a kind may still be held by what has just ended. */
const LAST_ONES = 3

type Class = abstract new (...values: never[]) => unknown

/** How many there are that anything still refers to. */
function alive(of: Class): number {
  return queryObjects(of, { format: 'count' })
}

describe('a master to which workers come and go', function () {
  this.timeout(60_000)
  const net = new Admitting()

  afterEach(async () => {
    await net.end()
  })

  it('keeps neither streams nor connections nor sessions of them', async () => {
    const master = await net.member({ isMaster: true })
    const before = { streams: alive(FrameStream), outlets: alive(Outlet) }
    let Connection: Class | undefined
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      // Some come again, some are new.
      const seed = cycle % 2 === 0 ? { seed: Buffer.alloc(32, 7) } : {}
      const worker = await net.rawWorker(master, seed)
      Connection = worker.connection.constructor as Class
      const session = await worker.session()
      session.say(aHold())
      await session.hears('kept')
      await net.forgetPeers()
      await master.sees(worker.peer, 'failed')
    }
    await until(() => master.master.state.workers.size === 0, 'no worker is left')
    expect(master.told.notices.filter(({ type }) => type === 'parted')).to.have.length(CYCLES)
    expect(alive(FrameStream) - before.streams).to.be.at.most(LAST_ONES)
    expect(alive(Outlet) - before.outlets).to.be.at.most(LAST_ONES)
    // Both ends of each are in this process.
    expect(alive(Connection!)).to.be.below(CYCLES)
  })
})
