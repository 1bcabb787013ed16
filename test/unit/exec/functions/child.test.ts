import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import { expect } from 'chai'
import type { FunctionSpec } from '../../../../src/core/spec.ts'
import type { BlobId, JobId, NodeId } from '../../../../src/core/types.ts'
import { FrameCutter, FrameWriter } from '../../../../src/exec/functions/child-frames.ts'
import {
  FromChild,
  ToChild,
  readFunction,
  readTask,
  writeEnd,
  writeLeaving,
  writeOutput,
  writeReady,
  writeSkipped
} from '../../../../src/exec/functions/child-messages.ts'
import { Child } from '../../../../src/exec/functions/child.ts'
import { runOf } from '../../../../src/exec/functions/run.ts'
import type { Run } from '../../../../src/exec/functions/run.ts'
import { Works } from '../../../../src/exec/functions/works.ts'

const NOTHING = new Uint8Array(0)

/** One end of a pipe; what is written to it is kept. */
class Pipe extends Duplex {
  readonly written: Buffer[] = []

  override _read(): void {
    // What comes is pushed.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk)
    done()
  }

  unref(): this {
    return this
  }
}

describe('child, as the node sees it', () => {
  let folder: string
  let tasks: Pipe
  let results: Pipe
  let child: Child
  let told: string[]
  const works = new Works()

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-child-'))
    told = []
    tasks = new Pipe()
    results = new Pipe()
    child = new Child(1, folder, undefined, {
      onReady: () => told.push('ready'),
      onEnd: (run) => told.push(`end ${run.start.run}`),
      onOutput: (run, stream) => told.push(`output ${run.start.run} ${stream}`) > 0,
      onProgress: (run) => told.push(`progress ${run.start.run}`),
      onSkipped: (run) => told.push(`skipped ${run.start.run}`),
      onNotice: (text) => told.push(`notice ${text}`),
      onHeard: () => undefined,
      onLeaving: () => told.push(`leaving ${child.leaving?.reason}`),
      onSilent: () => told.push('silent')
    })
    child.attach(4_711, tasks as unknown as Socket, results as unknown as Socket)
  })
  afterEach(() => {
    child.close()
    rmSync(folder, { recursive: true })
  })

  function aRun(run: number, more: Partial<FunctionSpec> = {}): Run {
    const blob = 'b'.repeat(64) as BlobId
    const file = join(folder, 'bundle')
    writeFileSync(file, 'export')
    const spec: FunctionSpec = {
      kind: 'function',
      function: { bundle: { blob, bytes: 6 }, exportName: 'f' },
      ...{ initializer: undefined, tasksPerChildMax: undefined, isAlone: false },
      ...{ memoryBytesMax: undefined, timeoutMs: undefined, outputBytesMax: 100 },
      slotsMax: undefined,
      ...more
    }
    const ids = { run, master: 'm' as NodeId, job: 3 as JobId, task: run, attempt: 1 }
    const start = { ...ids, spec, input: Buffer.from('in'), bundles: new Map([[blob, file]]) }
    return runOf(start, works.of(start), run)
  }

  /** Lets the child say something, all of it at once. */
  async function hear(...frames: readonly ((out: FrameWriter) => void)[]): Promise<void> {
    const out = new FrameWriter()
    for (const write of frames) write(out)
    results.push(Buffer.concat(out.take()))
    await new Promise((resolve) => setImmediate(resolve))
  }

  const end =
    (seq: number) =>
    (out: FrameWriter): void => {
      const rest = { reason: '', stdout: NOTHING, stderr: NOTHING, value: NOTHING }
      writeEnd(out, { seq, isSuccess: true, startedAt: 0, runtimeMs: 0, ...rest })
    }

  function said(): Buffer[] {
    const frames: Buffer[] = []
    new FrameCutter(1_000_000).cut(Buffer.concat(tasks.written), (frame) => frames.push(frame))
    return frames
  }

  it('is told what it needs once, before the tasks', async () => {
    await hear(writeReady)
    const ref = { bundle: { blob: 'b'.repeat(64) as BlobId, bytes: 6 }, exportName: 'first' }
    const more = { initializer: { ...ref, input: Buffer.from('args') } }
    for (const run of [1, 2]) child.send(aRun(run, more))
    child.flush()
    const frames = said()
    const types = frames.map(([type]) => type)
    const { hello, function: fn, initializer, task } = ToChild
    expect(types).to.deep.equal([hello, fn, initializer, fn, task, task])
    const place = readFunction(frames[1]!).place
    expect(place.exportName).to.equal('first')
    expect(readFileSync(place.path, 'utf8')).to.equal('export')
    expect(readTask(frames[5]!)).to.include({ seq: 2, job: 3, task: 2, isUrgent: false })
    expect(told).to.deep.equal(['ready'])
  })

  it('is asked for results at once where time is limited', () => {
    child.send(aRun(1, { timeoutMs: 100 }))
    child.flush()
    expect(readTask(said().at(-1)!)).to.include({ isUrgent: true })
  })

  it('is believed about the tasks it has, and no others', async () => {
    await hear(writeReady)
    child.send(aRun(1))
    await hear(end(7), (out) => writeOutput(out, 9, 0, Buffer.from('x')), end(1), end(1))
    expect(told).to.deep.equal(['ready', 'end 1'])
  })

  it('is not believed any more once it has sent what makes no sense', async () => {
    await hear(writeReady)
    child.send(aRun(1))
    await hear((out) => out.u32(0xffff_ffff))
    await hear(end(1))
    expect(told).to.have.length(2)
    expect(told[1]).to.contain('leaving its process sent what it should not')
    expect(child.size).to.equal(1)
  })

  it('says for which task it leaves', async () => {
    child.send(aRun(1))
    child.send(aRun(2))
    await hear((out) => writeLeaving(out, { seq: 2, exitCode: 5, reason: 'because' }))
    expect(child.guilty()?.start.run).to.equal(2)
    expect(child.leaving).to.deep.equal({ seq: 2, exitCode: 5, reason: 'because' })
    await hear((out) => out.begin(FromChild.retiring, 0))
    expect(child.isRetiring).to.equal(true)
  })

  it('gets no more tasks than it may run, not counting those it has not begun', async () => {
    await hear(writeReady)
    child.assign(aRun(1, { tasksPerChildMax: 2 }).work)
    child.send(aRun(1))
    expect(child.isRetiring).to.equal(false)
    child.send(aRun(2))
    expect(child.isRetiring).to.equal(true)
    expect(child.revoke().map(({ start }) => start.run)).to.deep.equal([1, 2])
    await hear(
      (out) => writeSkipped(out, 1),
      (out) => writeSkipped(out, 2)
    )
    expect(child.isRetiring).to.equal(false)
    expect(child.hasRoomFor(aRun(3))).to.equal(true)
  })
})
