import { expect } from 'chai'
import { FrameCutter, FrameWriter } from '../../../../src/exec/functions/child-frames.ts'
import {
  FromChild,
  readEnd,
  readLeaving,
  readTask,
  writeEnd,
  writeLeaving,
  writeTask
} from '../../../../src/exec/functions/child-messages.ts'

/** A frame of `length` bytes behind its type. */
function write(out: FrameWriter, type: number, length: number): void {
  out.begin(type, length)
  out.bytes(Buffer.alloc(length, type))
}

const LENGTHS = [0, 1, 5, 300, 20_000, 3, 70_000, 0, 12]

function framesOf(stream: Buffer, chunkBytes: number): Buffer[] {
  const cutter = new FrameCutter(200_000)
  const frames: Buffer[] = []
  for (let at = 0; at < stream.length; at += chunkBytes) {
    cutter.cut(stream.subarray(at, at + chunkBytes), (frame) => frames.push(frame))
  }
  return frames
}

describe('child frames', () => {
  const out = new FrameWriter()
  LENGTHS.forEach((length, type) => write(out, type, length))
  const stream = Buffer.concat(out.take())

  for (const chunkBytes of [1, 3, 4, 7, 1_000, 65_536, 1_000_000]) {
    it(`come out whole of chunks of ${chunkBytes} bytes`, () => {
      const frames = framesOf(stream, chunkBytes)
      expect(frames.map((frame) => frame.length - 1)).to.deep.equal(LENGTHS)
      for (const [type, frame] of frames.entries()) {
        expect(frame.equals(Buffer.alloc(frame.length, type)), `frame ${type}`).to.equal(true)
      }
    })
  }

  it('stay as they are when more are written behind them', () => {
    const writer = new FrameWriter()
    write(writer, 1, 10)
    const first = writer.take()
    expect(writer.isEmpty).to.equal(true)
    write(writer, 2, 10)
    const second = writer.take()
    const frames = framesOf(Buffer.concat([...first, ...second]), 1_000)
    expect(frames.map(([type]) => type)).to.deep.equal([1, 2])
  })

  it('use the same memory again once they are drained', () => {
    const writer = new FrameWriter()
    const seen: Buffer[] = []
    for (const type of [1, 2]) {
      write(writer, type, 10)
      writer.drainTo((bytes) => seen.push(Buffer.from(bytes)))
    }
    expect(framesOf(Buffer.concat(seen), 1_000).map(([type]) => type)).to.deep.equal([1, 2])
  })

  it('are refused when they are too long, or empty', () => {
    for (const length of [200_001, 0xffff_ffff, 0]) {
      const head = Buffer.alloc(4)
      head.writeUInt32LE(length)
      expect(() => framesOf(head, 4), String(length)).to.throw(RangeError)
    }
  })
})

describe('child messages', () => {
  it('carry a task with every field', () => {
    const order = {
      ...{ seq: 2 ** 32 - 1, fn: 3, job: 2 ** 50, task: 100_000_000, attempt: 7 },
      ...{ outputBytesMax: 2 ** 40, isUrgent: false, tellsPid: true, input: Buffer.from('input') }
    }
    const out = new FrameWriter()
    writeTask(out, order)
    const [frame] = framesOf(Buffer.concat(out.take()), 10_000)
    expect(readTask(frame!)).to.deep.equal(order)
  })

  it('carry an end with every field', () => {
    const end = {
      ...{ seq: 9, isSuccess: false, startedAt: 1_700_000_000_000.5, runtimeMs: 0.25 },
      ...{ reason: 'naïve ☃', stdout: Buffer.from('out'), stderr: Buffer.from('') },
      value: Buffer.from([0, 255])
    }
    const out = new FrameWriter()
    writeEnd(out, end)
    const [frame] = framesOf(Buffer.concat(out.take()), 10_000)
    expect(readEnd(frame!)).to.deep.equal(end)
  })

  it('are cut to what can be passed on, whatever a child sends', () => {
    const out = new FrameWriter()
    const outputs = {
      stdout: new Uint8Array(0),
      stderr: new Uint8Array(0),
      value: new Uint8Array(0)
    }
    const reason = `two\nlines ${'x'.repeat(100_000)}`
    for (const time of [NaN, -1, Infinity, 1e300]) {
      writeEnd(out, {
        ...{ seq: 1, isSuccess: false, startedAt: time, runtimeMs: time, reason },
        ...outputs
      })
      writeLeaving(out, { seq: 1, exitCode: 1_000, reason })
    }
    for (const frame of framesOf(Buffer.concat(out.take()), 10_000_000)) {
      const read = frame[0] === FromChild.ended ? readEnd(frame) : readLeaving(frame)
      expect(read.reason.length).to.be.below(13_000)
      expect(read.reason.startsWith('two lines x')).to.equal(true)
      if ('startedAt' in read) expect(read).to.include({ startedAt: 0, runtimeMs: 0 })
      else expect(read.exitCode).to.equal(232)
    }
  })

  it('are not read beyond their frame', () => {
    const out = new FrameWriter()
    const nothing = new Uint8Array(0)
    const rest = { startedAt: 0, runtimeMs: 0, stdout: nothing, stderr: nothing, value: nothing }
    writeEnd(out, { seq: 1, isSuccess: true, reason: 'x', ...rest })
    const [frame] = framesOf(Buffer.concat(out.take()), 10_000)
    frame!.writeUInt32LE(1_000, 22)
    expect(() => readEnd(frame!)).to.throw(RangeError)
    expect(() => readEnd(frame!.subarray(0, 5))).to.throw(RangeError)
  })
})
