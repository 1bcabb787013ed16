/** The pool over nodes that are processes of their own, on loopback, and with one that is killed. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Pool } from '../../src/index.ts'
import type { PoolOptions } from '../../src/index.ts'
import { makeNetwork, placeOf, tokenOf } from '../../src/node/credentials.ts'
import type { LineProcess } from '../support/line-process.ts'
import { attemptOf, sqr } from '../support/pool-functions.ts'
import { failureOf, poolSuite } from '../support/pool-suite.ts'
import { config, Programs } from '../support/program.ts'
import { until } from '../support/until.ts'

const LIBRARY = new URL('../../src/index.ts', import.meta.url).href

describe('pool, on a network', function () {
  this.timeout(120_000)
  let programs: Programs
  let home: string
  let homeBefore: string | undefined
  let token: string

  before(() => {
    programs = new Programs()
    homeBefore = process.env['P2PJOBS_HOME']
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-pool-'))
    process.env['P2PJOBS_HOME'] = home
    token = tokenOf(makeNetwork(placeOf(process.env, 'default', () => undefined)), 'work')
  })

  after(async () => {
    await programs.end()
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    rmSync(home, { recursive: true, force: true })
  })

  /** Starts a worker; its address is where the pool finds it. */
  async function startWorker(name: string): Promise<{ worker: LineProcess; address: string }> {
    const words = ['node', '--json', '--name', name, '--slots', '2']
    const worker = programs.start([...words, '--config', config('loopback.json')], {
      env: { P2PJOBS_TOKEN: token }
    })
    const { addresses } = await worker.jsonLine(({ event }) => event === 'node')
    return { worker, address: String((addresses as string[])[0]) }
  }

  /** A pool that has workers only, once they are all there. */
  async function open(join: readonly string[], options: PoolOptions = {}): Promise<Pool> {
    const network = { join, mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
    const rest = { local: false, output: 'ignore', onWarning: () => undefined } as const
    const pool = await Pool.open({ ...network, ...rest, ...options })
    await until(() => pool.slots >= 2 * join.length, 'the slots of all workers are there')
    return pool
  }

  it('keeps no program that is over', async () => {
    const program = `
      import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
      const { Pool } = await import(${JSON.stringify(LIBRARY)})
      const pool = await Pool.open({ mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'], local: false })
      pool.close()
      await pool.join()
      for (let turns = 0; turns < 100; turns++) await turnOfTheLoop()
      console.log(JSON.stringify(process.getActiveResourcesInfo()))`
    const env = { ...process.env, P2PJOBS_TOKEN: token }
    const words = ['--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, words, { env })
    expect(JSON.parse(stdout)).not.to.include.oneOf(['Timeout', 'TCPSocketWrap', 'TCPServerWrap'])
  })

  describe('of two nodes', () => {
    let pool: Pool
    const addresses: string[] = []

    before(async () => {
      for (const name of ['one', 'two']) addresses.push((await startWorker(name)).address)
      pool = await open(addresses)
    })

    after(async () => {
      pool.terminate()
      await pool.join()
    })

    poolSuite(() => pool)

    it('runs on both', async () => {
      const workers = new Set<string>()
      const failing = Array.from({ length: 40 }, async () => {
        const error = await failureOf(pool.apply(attemptOf, [100]))
        workers.add((error as Error & { remote: { worker: string } }).remote.worker)
      })
      await Promise.all(failing)
      expect([...workers].sort()).to.deep.equal(['one', 'two'])
    })

    it('runs where it is told to', async () => {
      const workers = new Set<string>()
      for (let call = 0; call < 6; call++) {
        const error = await failureOf(pool.apply(attemptOf, [100], { worker: 'two' }))
        workers.add((error as Error & { remote: { worker: string } }).remote.worker)
      }
      expect([...workers]).to.deep.equal(['two'])
    })
  })

  describe('of two nodes, one of which is killed in the middle', () => {
    let pool: Pool
    let doomed: LineProcess
    let tests = 0

    before(async () => {
      const [steady, other] = [await startWorker('steady'), await startWorker('doomed')]
      doomed = other.worker
      pool = await open([steady.address, other.address])
    })

    beforeEach(() => {
      // By then the test has begun.
      if (++tests === 6) setImmediate(() => doomed.kill('SIGKILL'))
    })

    after(async () => {
      pool.terminate()
      await pool.join()
    })

    poolSuite(() => pool)
  })

  it('loses nothing when a worker is killed', async () => {
    const [doomed, steady] = [await startWorker('doomed'), await startWorker('steady')]
    await using pool = await open([doomed.address, steady.address])
    const items = Array.from({ length: 120 }, (_, at) => at)
    let killed = false
    const kill = (done: number): void => {
      if (killed || done < 20) return
      killed = true
      doomed.worker.kill('SIGKILL')
    }
    const calls = items.map((item): [number, number] => [item, 20])
    const results = await pool.starmap(sqr, calls, { chunksize: 1, onDone: kill })
    expect(results).to.deep.equal(items.map((item) => item * item))
    expect(killed).to.equal(true)
  })
})
