/** Clients of a manager that are lost while they hold and wait: killed, cut off, or closed. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { Manager } from '../../src/index.ts'
import { LineProcess } from '../support/line-process.ts'
import { ManagerHome } from '../support/manager-home.ts'
import { beforeLoss, holdAndWait, prepare } from '../support/manager-losses.ts'
import { waits } from '../support/manager-suite.ts'
import { failureOf } from '../support/pool-suite.ts'
import { until } from '../support/until.ts'

const HOLDER = fileURLToPath(new URL('../support/manager-holder.ts', import.meta.url))
const LEASE_MS = 1_000

describe('clients of a manager that are lost', function () {
  this.timeout(60_000)
  let home: ManagerHome

  before(() => {
    home = new ManagerHome()
  })

  afterEach(async () => {
    await home.close()
  })

  after(async () => {
    await home.end()
  })

  async function serve(): Promise<Manager> {
    const server = await home.serve({ leaseMs: LEASE_MS })
    await prepare(server)
    return server
  }

  it('killed, as a process: all it held is free, and all it waited for is forgotten', async () => {
    const server = await serve()
    const env = { ...process.env, P2PJOBS_HOME: home.other(), P2PJOBS_TOKEN: home.token }
    const args = [HOLDER, server.addresses[0]!]
    const holder = new LineProcess(spawn(process.execPath, args, { env, stdio: 'pipe' }))
    try {
      await holder.jsonLine(({ event }) => event === 'ready')
      const check = await beforeLoss(server)
      holder.child.kill('SIGKILL')
      await check()
    } finally {
      await holder.stop()
    }
  })

  it('cut off: the same, and it is told; what it calls later works', async () => {
    const server = await serve()
    const [lost, cable] = await home.connectByCable(server)
    const { held, waiting } = await holdAndWait(lost)
    const check = await beforeLoss(server)
    expect(held.signal.aborted).to.equal(false)
    // Nobody is told that the connection is dead, and no other one is made before that.
    cable.swallow()
    await until(() => held.signal.aborted, 'the holder knows')
    expect(held.signal.reason).to.include({ code: 'LOST' })
    await check()
    cable.cut()
    cable.mend()
    for (const wait of waiting) expect(await failureOf(wait)).to.include({ code: 'LOST' })
    expect(await failureOf(held.release())).to.include({ code: 'NOT_HELD' })
    const again = lost.lock('lock').acquire()
    expect(await waits(lost, again)).to.equal(true)
    await server.lock('lock').release()
    expect([(await again).fence, (await again).signal.aborted]).to.deep.equal([3, false])
  })

  it('closed: the same at once', async () => {
    const server = await home.serve({ leaseMs: 600_000 })
    await prepare(server)
    const other = await home.connect(server)
    const { held, waiting } = await holdAndWait(other)
    const check = await beforeLoss(server)
    await other.close()
    await check()
    for (const wait of waiting) expect(await failureOf(wait)).to.include({ code: 'MANAGER_GONE' })
    expect(held.signal.reason).to.include({ code: 'MANAGER_GONE' })
  })

  it('a cut that is shorter than the lease loses nothing, and nobody notices', async () => {
    const server = await home.serve({ leaseMs: 60_000 })
    await prepare(server)
    const [other, cable] = await home.connectByCable(server)
    const { held, waiting } = await holdAndWait(other)
    const wait = server.lock('lock').acquire()
    cable.cut()
    await server.queue('empty').put('item')
    await server.event('event').set()
    cable.mend()
    expect(await waiting[2]).to.equal('item')
    expect(await waiting[4]).to.equal(true)
    expect([held.signal.aborted, await waits(server, wait)]).to.deep.equal([false, true])
    await held.release()
    expect((await wait).fence).to.equal(2)
  })

  it('test_rapid_restart: a manager that was started anew has other objects, and its clients are told', async () => {
    const server = await serve()
    const other = await home.connect(server)
    const { held, waiting } = await holdAndWait(other)
    const listen = [server.addresses[0]!.split('/p2p/')[0]!]
    await server.close()
    for (const wait of waiting) expect(await failureOf(wait)).to.include({ code: 'MANAGER_GONE' })
    expect((await failureOf(waiting[0]!)).message).to.match(/it was closed/)
    expect(held.signal.reason).to.include({ code: 'MANAGER_GONE' })
    const restarted = await home.serve({ listen })
    await restarted.queue('q').put('new')
    expect(await (await home.connect(restarted)).queue('q').get()).to.equal('new')
    expect(await failureOf(other.queue('q').get())).to.include({ code: 'MANAGER_GONE' })
  })
})
