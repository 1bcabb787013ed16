/** A manager's objects inside tasks, on workers that are processes of their own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Manager, Pool } from '../../src/index.ts'
import { makeNetwork, placeOf, tokenOf } from '../../src/node/credentials.ts'
import * as functions from '../support/manager-functions.ts'
import { config, Programs } from '../support/program.ts'
import { until } from '../support/until.ts'

describe('manager, from tasks on two workers', function () {
  this.timeout(120_000)
  const programs = new Programs()
  let home: string
  let homeBefore: string | undefined
  let manager: Manager
  let pool: Pool

  before(async () => {
    homeBefore = process.env['P2PJOBS_HOME']
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-manager-tasks-'))
    process.env['P2PJOBS_HOME'] = home
    const token = tokenOf(makeNetwork(placeOf(process.env, 'default', () => undefined)), 'work')
    const addresses: string[] = []
    for (const name of ['one', 'two']) {
      const words = ['node', '--json', '--name', name, '--slots', '2']
      const worker = programs.start([...words, '--config', config('loopback.json')], {
        env: { P2PJOBS_TOKEN: token }
      })
      const told = await worker.jsonLine(({ event }) => event === 'node')
      addresses.push(String((told['addresses'] as string[])[0]))
    }
    const network = { join: addresses, mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
    manager = await Manager.start({ name: 'shared', ...network })
    pool = await Pool.open({
      ...network,
      local: false,
      output: 'ignore',
      onWarning: () => undefined
    })
    await until(() => pool.slots >= 4, 'the slots of both workers are there')
  })

  after(async () => {
    pool.terminate()
    await pool.join()
    await manager.close()
    await programs.end()
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    rmSync(home, { recursive: true, force: true })
  })

  it('a counter under a lock ends right', async () => {
    const lock = manager.lock('count')
    const counter = manager.value('counter', 0)
    const calls = Array.from({ length: 40 }, () => [lock, counter] as [typeof lock, typeof counter])
    const fences = await pool.starmap(functions.increment, calls, 1)
    expect(await counter.get()).to.equal(40)
    expect(new Set(fences).size).to.equal(40)
  })

  it('a task that dies with the lock in its hands does not keep it', async () => {
    const lock = manager.lock('deadly')
    expect(await pool.apply(functions.dieHolding, [lock])).to.be.above(1)
    expect(await lock.locked()).to.equal(false)
  })
})
