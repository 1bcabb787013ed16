/** The pool on this machine's own cores: CPython's tests, and what belongs to one machine. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Pool } from '../../src/index.ts'
import type { PoolOptions, TaskOutput } from '../../src/index.ts'
import * as functions from '../support/pool-functions.ts'
import { failureOf, poolSuite } from '../support/pool-suite.ts'

const { initialize, initializedWith, print, processOf, sqr, spin, untilAborted } = functions

describe('pool, embedded', function () {
  this.timeout(60_000)
  const outputs: TaskOutput[] = []
  let home: string
  let homeBefore: string | undefined
  let pool: Pool

  async function open(options: PoolOptions = {}): Promise<Pool> {
    const quiet = { output: (output: TaskOutput) => void outputs.push(output) }
    return await Pool.open({ processes: 2, onWarning: () => undefined, ...quiet, ...options })
  }

  before(async () => {
    homeBefore = process.env['P2PJOBS_HOME']
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-pool-'))
    process.env['P2PJOBS_HOME'] = home
    pool = await open()
  })

  after(async () => {
    pool.terminate()
    await pool.join()
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    rmSync(home, { recursive: true, force: true })
  })

  poolSuite(() => pool)

  it('makePool: an initializer is called once in each process, with its arguments', async () => {
    await using other = await open({ initializer: initialize, initargs: ['a', 1] })
    const seen = await other.map(initializedWith, [1, 2, 3, 4, 5, 6], 1)
    for (const [process, ...args] of seen) {
      expect(process).to.be.a('number')
      expect(args).to.deep.equal(['a', 1])
    }
  })

  it('makePool: an initializer that fails, fails the calls', async () => {
    await using other = await open({ initializer: functions.failingInitializer })
    expect((await failureOf(other.apply(sqr, [1]))).message).to.include('no database')
  })

  for (const options of [{ processes: -1 }, { processes: 1.5 }, { maxtasksperchild: 0 }]) {
    it(`makePool: refuses ${JSON.stringify(options)}`, async () => {
      expect(await failureOf(Pool.open(options))).to.include({ code: 'USAGE' })
    })
  }

  it('makePool: refuses what nobody could ever run, or what excludes itself', async () => {
    for (const options of [{ processes: 0 }, { network: 'lab' }, { mdns: true }]) {
      expect(await failureOf(Pool.open({ local: true, ...options }))).to.include({ code: 'USAGE' })
    }
    expect(await failureOf(Pool.open({ processes: 0 }))).to.include({ code: 'NO_NETWORK' })
    const initargs = [new Uint8Array(300_000)]
    const crowded = await failureOf(open({ initializer: initialize, initargs }))
    expect(crowded).to.include({ code: 'USAGE' })
  })

  it('refuses a worker that can never come, and knows its own by its name', async () => {
    await using other = await open({ name: 'me' })
    const elsewhere = await failureOf(other.apply(sqr, [2], { worker: 'nobody' }))
    expect(elsewhere).to.include({ code: 'USAGE' })
    expect(elsewhere.message).to.match(/^worker must be 'me', not 'nobody'/)
    expect(await other.apply(sqr, [2], { worker: 'me' })).to.equal(4)
    const error = await failureOf(other.apply(functions.raising))
    expect(error).to.have.nested.property('remote.worker', 'me')
  })

  it('tells what a function left behind and failed after its end; otherwise nothing', async () => {
    const warnings: string[] = []
    const told = Promise.withResolvers<string>()
    const onWarning = (line: string): void => {
      warnings.push(line)
      told.resolve(line)
    }
    const other = await open({ isolation: 'none', onWarning })
    expect(await other.map(sqr, [1, 2, 3])).to.deep.equal([1, 4, 9])
    await other.apply(functions.leaving, ['too late'])
    expect(await told.promise).to.match(/left something behind that failed .*: Error: too late/)
    expect(await other.map(sqr, [1, 2, 3])).to.deep.equal([1, 4, 9])
    other.close()
    await other.join()
    expect(warnings).to.have.length(1)
  })

  it('poolWorkerLifetime: a process ends after its number of tasks', async () => {
    await using other = await open({ processes: 1, maxtasksperchild: 2 })
    const processes: number[] = []
    for (let call = 0; call < 6; call++) processes.push(await other.apply(processOf))
    expect(new Set(processes).size).to.equal(3)
    expect(processes[0]).to.equal(processes[1])
  })

  it('context: leaving it terminates', async () => {
    let left: Pool
    {
      await using inner = await open()
      left = inner
      expect(await inner.apply(sqr, [3])).to.equal(9)
    }
    expect(await failureOf(left.apply(sqr, [3]))).to.include({ code: 'CLOSED' })
  })

  it('close: takes nothing more, and ends what it has', async () => {
    const pool = await open()
    const result = pool.mapAsync(sqr, [1, 2, 3], { chunksize: 1 })
    const lazy = pool.imap(sqr, [4, 5])
    expect(await failureOf(pool.join())).to.include({ code: 'STILL_OPEN' })
    pool.close()
    expect(await failureOf(pool.apply(sqr, [1]))).to.include({ code: 'CLOSED' })
    expect(() => pool.imap(sqr, [1]))
      .to.throw()
      .with.property('code', 'CLOSED')
    expect(await result).to.deep.equal([1, 4, 9])
    expect([(await lazy.next()).value, (await lazy.next()).value]).to.deep.equal([16, 25])
    expect((await lazy.next()).done).to.equal(true)
    await pool.join()
  })

  it('terminate: ends what runs, at once, and says so to who waits', async () => {
    const pool = await open()
    const started = Promise.withResolvers<unknown>()
    const spinning = pool.apply(spin)
    const running = pool.apply(untilAborted, [], { onProgress: started.resolve })
    const waiting = pool.mapAsync(
      sqr,
      Array.from({ length: 1_000 }, (_, at) => at)
    )
    const lazy = pool.imap(sqr, [1, 2, 3])
    const failures = [spinning, running, waiting, lazy.next()].map(failureOf)
    await started.promise
    pool.terminate()
    await pool.join()
    for (const error of await Promise.all(failures))
      expect(error).to.include({ code: 'TERMINATED' })
  })

  it('an abort signal ends a call wherever it is', async () => {
    const abort = new AbortController()
    const { signal } = abort
    const single = failureOf(pool.apply(untilAborted, [], { signal }))
    const many = failureOf(pool.map(untilAborted, [1, 2, 3], { signal }))
    const lazy = failureOf(pool.imap(untilAborted, [1], { signal }).next())
    abort.abort(new Error('enough'))
    for (const error of await Promise.all([single, many, lazy])) {
      expect(error.message).to.equal('enough')
    }
    expect((await failureOf(pool.apply(sqr, [1], { signal }))).message).to.equal('enough')
  })

  it('what functions print arrives whole, with the worker', async () => {
    await pool.apply(print, ['hello'])
    await new Promise((resolve) => setImmediate(resolve))
    const output = outputs.find(({ stdout }) => Buffer.from(stdout).includes('hello'))
    expect(Buffer.from(output!.stdout).toString()).to.equal('out hello\n')
    expect(Buffer.from(output!.stderr).toString()).to.equal('err hello\n')
    expect(output!.worker).to.be.a('string')
  })

  it('takes a function by its module', async () => {
    const module = new URL('../support/pool-functions.ts', import.meta.url)
    expect(await pool.apply({ module, export: 'sqr' }, [6] as never)).to.equal(36)
    const missing = await failureOf(pool.apply({ module, export: 'sqrt' }))
    expect(missing).to.include({ code: 'BAD_FUNCTION' })
    expect(missing.message).to.include('sqrt')
  })

  it('many calls at once each get their own result', async () => {
    const calls = Array.from({ length: 3_000 }, (_, at) => pool.apply(sqr, [at]))
    expect(await Promise.all(calls)).to.deep.equal(calls.map((_, at) => at * at))
  })

  it('leaves no file behind', async () => {
    const scratch = (): string[] =>
      readdirSync(join(home, 'scratch', encodeURIComponent(hostname())))
    const others = scratch()
    const own = await open()
    await own.apply(functions.echo, [new Uint8Array(400_000)])
    expect(scratch()).to.have.length(others.length + 1)
    own.close()
    await own.join()
    expect(scratch()).to.deep.equal(others)
  })
})
