/** What an executor of functions promises about tasks that run to their end. */
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { INLINE_BYTES_MAX } from '../../src/core/limits.ts'
import { isSpoolFile } from '../../src/exec/executor.ts'
import { bytesOf, textOf, until } from '../support/executors.ts'
import { TestFunctions, errorOf, forEachIsolation, valueOf } from '../support/functions.ts'

forEachIsolation('function executor', (isolation) => {
  let on: TestFunctions

  before(async () => {
    on = await TestFunctions.open(isolation)
  })
  after(() => on.remove())

  it('gives what a function returns, at once or later', async () => {
    const end = await on.run('add', [1, 2])
    expect(valueOf(end)).to.equal(3)
    expect(end).to.include({ outcome: 'success', reason: '', exitCode: undefined })
    expect(end.runtimeMs).to.be.within(0, 60_000)
    expect(Math.abs(end.startedAt - Date.now())).to.be.below(60_000)
    expect(await on.value('addLater', [3, 4])).to.equal(7)
  })

  it('reports what was thrown as a failure, in one line and as it was', async () => {
    const end = await on.run('boom')
    expect(end).to.include({ outcome: 'failure', reason: 'TypeError: boom with two lines' })
    expect(errorOf(end))
      .to.be.instanceOf(TypeError)
      .and.include({ message: 'boom\nwith two lines' })
    expect((await on.run('rejectLater')).reason).to.equal('RangeError: late')
    const odd = await on.run('oddBoom')
    expect(odd.reason).to.equal('thrown: a text')
    expect(odd.outcomes).to.deep.equal([{ ok: false, error: 'a text' }])
  })

  it('makes every call of a task in order, and tells each outcome', async () => {
    const [started] = on.startAll('even', [[[2], [3], [4], [5]]])
    const { outcome, reason, outcomes } = await started!.end
    expect(outcome).to.equal('failure')
    expect(reason).to.equal('Error: 3 is odd')
    expect(
      outcomes.map((each) => (each.ok ? each.value : (each.error as Error).message))
    ).to.deep.equal([2, '3 is odd', 4, '5 is odd'])
    const [later] = on.startAll('addLater', [
      [
        [1, 1],
        [2, 2]
      ]
    ])
    const values = (await later!.end).outcomes
    expect(values).to.deep.equal([2, 4].map((value) => ({ ok: true, value })))
    const [none] = on.startAll('add', [[]])
    expect(await none!.end).to.deep.include({ outcome: 'success', outcomes: [] })
  })

  it('fails what cannot be called, for every call and with the reason', async () => {
    const missing = await on.run('nowhere')
    expect(missing.outcome).to.equal('failure')
    expect(missing.reason).to.contain(`the module exports no 'nowhere': it exports`)
    expect(errorOf(missing).message).to.equal(missing.reason)
    const constant = await on.run('constant')
    expect(constant.reason).to.equal(`'constant' is exported but no function: it is a number`)
    const [several] = on.startAll('nowhere', [[[1], [2], [3]]])
    expect((await several!.end).outcomes).to.have.length(3)
  })

  it('fails a task whose result cannot be sent', async () => {
    const end = await on.run('unsendable')
    expect(end.outcome).to.equal('failure')
    expect(end.reason).to.contain('result')
    expect(errorOf(end).message).to.contain('result')
  })

  it('fails a task whose arguments are none', async () => {
    const [started] = on.startAll('add', [[[1, 2]]])
    expect((await started!.end).outcome).to.equal('success')
    const end = await on.runBytes('add', Buffer.from('nonsense'))
    expect(end.outcome).to.equal('failure')
    expect(end.reason).to.not.equal('')
  })

  it('tells a function its job, task and attempt', async () => {
    const order = { job: 2 ** 40, task: 5, attempt: 3 }
    const seen = [2 ** 40, 5, 3, 2 ** 40, 5, 3, true]
    expect(await on.value('contextOf', [], order)).to.deep.equal(seen)
    expect(await on.value('contextAfter', [], { task: 9 })).to.equal(9)
  })

  it('passes progress on, the last of it before the end', async () => {
    const { run, end } = on.start('tellAll', [[1, 'two', { three: 3 }], 0])
    await end
    const told = on.progress.get(run) ?? []
    expect(told.at(0)).to.equal(1)
    expect(told.at(-1)).to.deep.equal({ three: 3 })
    // What comes faster than it can be told is told at its latest, and in order.
    const fast = on.start('tellAll', [Array.from({ length: 500 }, (_, at) => at), 0])
    expect(valueOf(await fast.end)).to.equal('done')
    const some = on.progress.get(fast.run) as number[]
    expect(some.at(-1)).to.equal(499)
    expect(some).to.deep.equal([...some].sort((a, b) => a - b))
    expect(some.length).to.be.below(500)
  })

  it('refuses progress that is too large, in the task', async () => {
    expect((await on.run('tellMuch')).reason).to.match(/^RangeError: progress of 300\d\d\d bytes/)
  })

  it('takes what a task prints for its output, byte for byte', async () => {
    const end = await on.run('print', ['to stdout', 'to stderr'])
    expect(bytesOf(end.stdout).toString('latin1')).to.equal('to stdout\n\0\xff')
    expect(textOf(end.stderr)).to.equal('to stderr\n')
    expect(textOf((await on.run('endStdout')).stdout)).to.equal('last')
    expect(textOf((await on.run('print', ['still', ''])).stdout)).to.contain('still\n')
  })

  it('keeps the output of tasks apart', async () => {
    const started = Array.from({ length: 40 }, (_, at) =>
      on.start('print', [`out ${at}`, `err ${at}`])
    )
    const ends = await Promise.all(started.map(({ end }) => end))
    for (const [at, { stdout, stderr }] of ends.entries()) {
      expect(textOf(stdout)).to.contain(`out ${at}\n`)
      expect(textOf(stderr)).to.equal(`err ${at}\n`)
    }
  })

  it('gives nobody what is printed after the end, or past the streams', async () => {
    const one = { tasksPerChildMax: 1_000, outputBytesMax: 3 }
    const process = await on.value('identity', [], one)
    await on.run('printLater', [20], one)
    const end = await on.run('identityAfter', [60], one)
    expect(textOf(end.stdout)).to.equal('')
    expect(valueOf(end)).to.equal(process)
    const raw = await on.run('printRaw')
    expect(valueOf(raw)).to.equal(undefined)
    expect(textOf(raw.stdout) + textOf(raw.stderr)).to.equal('')
  })

  it('hands large output and values over with their hashes, in files from 16 MiB on', async () => {
    const end = await on.run('printBytes', [3_000_000])
    if (!('held' in end.stdout)) throw new Error('stdout is not held in memory')
    const { held, blob } = end.stdout
    expect(held).to.deep.equal(Buffer.alloc(3_000_000, 'x'))
    expect(blob).to.equal(createHash('sha256').update(held).digest('hex'))
    end.stdout.letGo()
    const large = await on.run('bytes', [20_000_000])
    if (!isSpoolFile(large.value)) throw new Error('the value is no file')
    expect(large.value.bytes).to.be.within(20_000_000, 20_001_000)
    expect(large.value.blob).to.equal(
      createHash('sha256').update(readFileSync(large.value.path)).digest('hex')
    )
    expect((valueOf(large) as Uint8Array).every((byte) => byte === 7)).to.equal(true)
    rmSync(large.value.path)
    const edge = await on.run('printBytes', [INLINE_BYTES_MAX])
    expect(bytesOf(edge.stdout)).to.have.length(INLINE_BYTES_MAX)
  })

  it('takes large arguments', async () => {
    const value = new Uint8Array(20_000_000).fill(9)
    const end = await on.run('echo', [value])
    if (!isSpoolFile(end.value)) throw new Error('the value is no file')
    expect(Buffer.from(valueOf(end) as Uint8Array).equals(value)).to.equal(true)
    rmSync(end.value.path)
  })

  it('ends a task that prints too much, keeping what it may print', async () => {
    const end = await on.run('printEndlessly', [], { outputBytesMax: 1_001 })
    expect(end.outcome).to.equal('failure')
    expect(end.reason).to.equal('printed more than the 1001 bytes it may; only these were kept')
    expect(errorOf(end).message).to.equal(end.reason)
    expect(textOf(end.stdout)).to.equal(`${'y\n'.repeat(500)}y`)
    const exact = await on.run('printBytes', [1_000], { outputBytesMax: 1_000 })
    expect(exact.outcome).to.equal('success')
    const both = await on.run('print', ['12345', '67890'], { outputBytesMax: 10 })
    expect(textOf(both.stdout) + textOf(both.stderr)).to.equal('12345\n6789')
  })

  it('runs ten thousand tasks, each once', async () => {
    const tasks = Array.from({ length: 10_000 }, (_, at) => [[at]])
    const ends = await Promise.all(on.startAll('echo', tasks).map(({ end }) => end))
    expect(ends.map(valueOf)).to.deep.equal(tasks.map(([call]) => call![0]))
  })

  it('never runs more than its slots at a time', async () => {
    const started = Array.from({ length: 8 }, () => on.start('identityAfter', [20]))
    const processes = await Promise.all(started.map(async ({ end }) => valueOf(await end)))
    expect(new Set(processes).size).to.be.at.most(2)
  })

  it('uses all its slots', async () => {
    const started = [1, 2].map((n) => on.start('hangUntilAborted', [n]))
    for (const { run } of started) await on.told(run, 'listening')
    for (const { run } of started) on.executor.stop(run)
    expect(await Promise.all(started.map(async ({ end }) => valueOf(await end)))).to.deep.equal([
      1, 2
    ])
  })

  it('leaves no file but the folders of its children', async () => {
    await until(() => readdirSync(on.folder).length === 1, 'one folder is left')
  })
})
