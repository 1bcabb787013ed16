/**
 * What every executor promises to those who read what a task prints while it runs.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { OutputStream } from '../../src/core/messages.ts'
import type { JobId, NodeId } from '../../src/core/types.ts'
import { READ_BYTES_MAX } from '../../src/core/limits.ts'
import { createExecutor, isInline } from '../../src/exec/executor.ts'
import type { Executor, RunResult } from '../../src/exec/executor.ts'
import { SPEC } from '../support/machines.ts'
import { NO_EVENTS, TestExecutor, until } from '../support/executors.ts'
import { TestFunctions, forEachIsolation } from '../support/functions.ts'
import { takeOutput } from '../support/outputs.ts'

/** A task that prints what it is told to, when it is told to. */
interface Talking {
  readonly run: number
  readonly end: Promise<RunResult>
  /** It prints so many bytes of its own pattern, then waits. */
  prints(bytes: number, stream?: OutputStream): void
  stops(): void
}

interface Subject {
  readonly executor: Executor
  readonly printed: string[]
  talk(): Talking
}

/** Bytes that tell their place, and are no text. */
function pattern(bytes: number, from = 0): Buffer {
  const all = Buffer.alloc(bytes)
  for (let at = 0; at < bytes; at++) all[at] = ((from + at) * 31 + ((from + at) >> 8)) & 0xff
  return all
}

/** What a task is told to print, as files that it waits for. */
class Orders {
  readonly folder: string
  readonly #printed = { stdout: 0, stderr: 0 }
  #orders = 0

  constructor(work: string) {
    this.folder = mkdtempSync(join(work, 'orders-'))
    writeFileSync(join(this.folder, 'pattern'), pattern(2_100_000))
  }

  /** The task that is told. */
  for(started: { run: number; end: Promise<RunResult> }): Talking {
    return {
      ...started,
      prints: (bytes, stream = 'stdout') => {
        this.#order(`${stream} ${this.#printed[stream]} ${bytes}`)
        this.#printed[stream] += bytes
      },
      stops: () => this.#order('stop 0 0')
    }
  }

  #order(line: string): void {
    const draft = join(this.folder, 'draft')
    writeFileSync(draft, `${line}\n`)
    renameSync(draft, join(this.folder, `order-${this.#orders++}`))
  }
}

/** Follows a stream as a worker does: reads, and waits when there is nothing, until `bytes` are there. */
class Reader {
  readonly bytes: Buffer[] = []
  offset = 0
  readonly #subject: Omit<Subject, 'talk'>
  readonly #key: string
  readonly #run: number
  readonly #stream: OutputStream

  constructor(subject: Omit<Subject, 'talk'>, run: number, stream: OutputStream = 'stdout') {
    this.#subject = subject
    this.#run = run
    this.#stream = stream
    this.#key = `${run} ${stream}`
  }

  async next(bytesMax = READ_BYTES_MAX): Promise<Uint8Array | undefined> {
    const range = { stream: this.#stream, offset: this.offset, bytesMax }
    const bytes = await this.#subject.executor.read(this.#run, range)
    if (bytes === undefined) return undefined
    expect(bytes.length).to.be.at.most(bytesMax)
    this.bytes.push(Buffer.from(bytes))
    this.offset += bytes.length
    return bytes
  }

  async until(offset: number): Promise<Buffer> {
    while (this.offset < offset) {
      const told = this.#told
      const bytes = await this.next()
      if (bytes === undefined) throw new Error(`${this.#key} cannot be read any more`)
      if (bytes.length > 0) continue
      await until(() => this.#told > told, `it is told that ${this.#key} has more`)
    }
    return Buffer.concat(this.bytes)
  }

  get #told(): number {
    return this.#subject.printed.filter((each) => each === this.#key).length
  }
}

function suite(subject: () => Subject): void {
  it('gives what is printed while it runs, each stream by itself', async () => {
    const task = subject().talk()
    const out = new Reader(subject(), task.run)
    const err = new Reader(subject(), task.run, 'stderr')
    task.prints(10)
    expect(await out.until(10)).to.deep.equal(pattern(10))
    expect(await err.next()).to.deep.equal(new Uint8Array(0))
    task.prints(20, 'stderr')
    task.prints(5)
    expect(await err.until(20)).to.deep.equal(pattern(20))
    expect(await out.until(15)).to.deep.equal(pattern(15))
    task.stops()
    const end = await task.end
    expect(takeOutput(end.stdout)).to.deep.equal(pattern(15))
    expect(takeOutput(end.stderr)).to.deep.equal(pattern(20))
  })

  it('tells once of more to read, after a read that found nothing', async () => {
    const task = subject().talk()
    const reader = new Reader(subject(), task.run)
    const readFrom = async (offset: number, run: number): Promise<Uint8Array> => {
      const range = { stream: 'stdout', offset, bytesMax: 100 } as const
      return (await subject().executor.read(run, range)) ?? expect.fail('it has ended')
    }
    const told = (): number =>
      subject().printed.filter((each) => each === `${task.run} stdout`).length
    task.prints(10)
    await reader.until(10)
    await reader.next()
    await reader.next()
    const before = told()
    task.prints(10)
    await until(() => told() > before, 'it is told')
    for (let bytes = 30; bytes <= 50; bytes += 10) {
      task.prints(10)
      // Reads that find something do not ask to be told.
      while ((await readFrom(0, task.run)).length < bytes) await delay(5)
    }
    expect(told()).to.equal(before + 1)
    task.stops()
    await task.end
  })

  it('gives parts from anywhere, and nothing from beyond', async () => {
    const task = subject().talk()
    task.prints(1000)
    await new Reader(subject(), task.run).until(1000)
    const read = async (offset: number, bytesMax: number): Promise<Buffer> => {
      const range = { stream: 'stdout' as const, offset, bytesMax }
      return Buffer.from((await subject().executor.read(task.run, range))!)
    }
    expect(await read(0, 1)).to.deep.equal(pattern(1))
    expect(await read(300, 500)).to.deep.equal(pattern(500, 300))
    expect(await read(999, 500)).to.deep.equal(pattern(1, 999))
    expect(await read(1000, 500)).to.have.length(0)
    expect(await read(1_000_000, 500)).to.have.length(0)
    task.stops()
    await task.end
  })

  it('gives much, in memory and in a file, the same bytes as in the end', async () => {
    const task = subject().talk()
    const reader = new Reader(subject(), task.run)
    // Beyond 256 KiB a command's output goes to a file, and a function's is held: on both sides of that.
    for (const bytes of [200_000, 60_000, 5_000, 1, 400_000]) {
      task.prints(bytes)
      await reader.until(reader.offset + bytes)
    }
    const late = await new Reader(subject(), task.run).until(665_001)
    task.stops()
    const { stdout } = await task.end
    expect(isInline(stdout)).to.equal(false)
    const all = takeOutput(stdout)
    expect(all.equals(pattern(665_001))).to.equal(true)
    expect(Buffer.concat(reader.bytes).equals(all)).to.equal(true)
    expect(late.equals(all)).to.equal(true)
  })

  it('knows nothing of what has ended, or was never there', async () => {
    const task = subject().talk()
    task.prints(10)
    const reader = new Reader(subject(), task.run)
    await reader.until(10)
    task.stops()
    await task.end
    expect(await reader.next()).to.equal(undefined)
    expect(await new Reader(subject(), 999_999).next()).to.equal(undefined)
  })

  it('lets a task run that nobody goes on reading', async () => {
    const task = subject().talk()
    const reader = new Reader(subject(), task.run)
    expect(await reader.next()).to.deep.equal(new Uint8Array(0))
    for (let times = 0; times < 20; times++) task.prints(100_000)
    task.stops()
    const { outcome, stdout } = await task.end
    expect(outcome).to.equal('success')
    expect(takeOutput(stdout)).to.have.length(2_000_000)
  })

  it('answers thousands of reads at once', async () => {
    const task = subject().talk()
    task.prints(100_000)
    await new Reader(subject(), task.run).until(100_000)
    const expected = pattern(100_000)
    const reads = Array.from({ length: 5_000 }, async (_, at) => {
      const offset = (at * 997) % 110_000
      const range = { stream: 'stdout' as const, offset, bytesMax: 100 }
      const bytes = await subject().executor.read(task.run, range)
      expect(expected.subarray(offset, offset + 100).equals(bytes!)).to.equal(true)
    })
    await Promise.all(reads)
    task.stops()
    expect((await task.end).outcome).to.equal('success')
  })

  it('reads of a task that waits for its turn what it prints when that has come', async () => {
    const [first, second] = [subject().talk(), subject().talk()]
    const third = subject().talk()
    const reader = new Reader(subject(), third.run)
    expect(await reader.next()).to.deep.equal(new Uint8Array(0))
    third.prints(10)
    first.stops()
    expect(await reader.until(10)).to.deep.equal(pattern(10))
    for (const task of [second, third]) task.stops()
    await Promise.all([first.end, second.end, third.end])
  })
}

describe('live output of commands', function () {
  this.timeout(60_000)
  let on: TestExecutor

  before(async () => {
    on = await TestExecutor.open()
  })
  after(() => on.remove())

  function talk(): Talking {
    const orders = new Orders(on.work)
    const { folder } = orders
    const command = `n=0; while :; do
      until [ -e '${folder}'/order-$n ]; do sleep 0.01; done
      read -r what from count <'${folder}'/order-$n; n=$((n+1))
      case $what in
        stdout) tail -c +$((from+1)) '${folder}/pattern' | head -c $count;;
        stderr) tail -c +$((from+1)) '${folder}/pattern' | head -c $count >&2;;
        *) exit 0;;
      esac
    done`
    return orders.for(on.start(command))
  }

  suite(() => ({ executor: on.executor, printed: on.printed, talk }))

  it('shows what a task prints that is about to be ended', async () => {
    const { run, end } = on.start('echo before; sleep 60')
    const subject = { executor: on.executor as Executor, printed: on.printed }
    expect((await new Reader(subject, run).until(7)).toString()).to.equal('before\n')
    on.executor.stop(run)
    expect((await end).outcome).to.equal('failure')
  })

  it('ends with the process that runs the tasks', async () => {
    const killed = await TestExecutor.open()
    try {
      const { run, end } = killed.start('sleep 60')
      const [pid] = killed.spawnerPids()
      process.kill(pid!, 'SIGSTOP')
      const range = { stream: 'stdout' as const, offset: 0, bytesMax: 10 }
      const read = killed.executor.read(run, range)
      process.kill(pid!, 'SIGKILL')
      expect(await read).to.equal(undefined)
      expect((await end).outcome).to.equal('returned')
      expect(await killed.executor.read(run, range)).to.equal(undefined)
    } finally {
      await killed.remove()
    }
  })
})

describe('live output of functions', function () {
  this.timeout(60_000)
  let on: TestFunctions

  before(async () => {
    on = await TestFunctions.open('none')
  })
  after(() => on.remove())

  suite(() => ({
    executor: on.executor,
    printed: on.printed,
    talk: () => {
      const orders = new Orders(on.work)
      return orders.for(on.start('talk', [orders.folder]))
    }
  }))

  it('shows what a task prints that never pauses, some of it late', async () => {
    const { run, end } = on.start('printOften', [1_000])
    const subject = { executor: on.executor as Executor, printed: on.printed }
    const seen = (await new Reader(subject, run).until(20)).toString()
    expect(seen).to.match(/^line 0\nline 1\n/)
    on.executor.stop(run)
    await end
  })
})

forEachIsolation('live output of functions', (isolation) => {
  it('comes out of wherever they run', async () => {
    const on = await TestFunctions.open(isolation)
    try {
      const { run, end } = on.start('printAndWait', [10, 100_000])
      const subject = { executor: on.executor as Executor, printed: on.printed }
      expect((await new Reader(subject, run).until(11)).toString()).to.equal('xxxxxxxxxx\n')
      on.executor.stop(run)
      await end
    } finally {
      await on.remove()
    }
  })
})

describe('live output of a node', function () {
  this.timeout(60_000)

  it('is that of the executor that runs the task, also while that is being made', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-live-'))
    const printed: string[] = []
    const init = { slots: 1, folder, isolation: 'none', requiresSandbox: false } as const
    const executor = await createExecutor(
      { ...init, firstKind: 'function' },
      { ...NO_EVENTS, onPrinted: (run, stream) => printed.push(`${run} ${stream}`) }
    )
    try {
      const command = 'echo hello; sleep 60'
      const start = { run: 1, master: 'm' as NodeId, job: 1 as JobId, task: 1, attempt: 1 }
      const spec = { ...SPEC, command: '', outputBytesMax: 1_000 }
      executor.start([{ ...start, spec, input: Buffer.from(command), bundles: new Map() }])
      const reader = new Reader({ executor, printed }, 1)
      expect((await reader.until(6)).toString()).to.equal('hello\n')
    } finally {
      await executor.close()
      rmSync(folder, { recursive: true })
    }
  })
})
