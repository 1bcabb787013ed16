/**
 * What tasks print into, on real named pipes: read at the end or as it comes, used again only when
 * nobody can write into them any more, kept in memory or in a file.
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { unlinkSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { INLINE_BYTES_MAX } from '../../src/core/limits.ts'
import { Collector } from '../../src/exec/collector.ts'
import { isSpoolFile } from '../../src/exec/executor.ts'
import { makeFifos } from '../../src/exec/fifo.ts'
import { OutputPipe } from '../../src/exec/output-pipe.ts'
import { PipePair } from '../../src/exec/pipe-pair.ts'
import { until } from '../support/until.ts'

describe('output pipes', () => {
  let folder: string
  let path: string
  let heard: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-pipes-'))
    path = join(folder, 'pipe')
    heard = ''
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const hear = (chunk: Uint8Array): void => {
    heard += Buffer.from(chunk).toString()
  }

  function write(fd: number, text: string): void {
    writeSync(fd, text)
  }

  /** Prints like a task that ends at once. */
  function print(text: string): void {
    const fd = openSync(path, 'w')
    write(fd, text)
    closeSync(fd)
  }

  it('give what one task after the other has printed', () => {
    makeFifos([path])
    const pipe = new OutputPipe(path)
    const chunks: Uint8Array[] = []
    expect(pipe.finish(hear)).to.equal(undefined)
    for (const text of ['one', 'two']) {
      print(text)
      expect(pipe.finish((chunk) => chunks.push(chunk))).to.equal(undefined)
    }
    expect(Buffer.concat(chunks).toString()).to.equal('onetwo')
  })

  it('are read as they are written to when somebody listens, and to the end', async () => {
    makeFifos([path])
    const pipe = new OutputPipe(path)
    const fd = openSync(path, 'w')
    pipe.listen(hear)
    pipe.listen(hear)
    write(fd, 'a')
    await until(() => heard === 'a', 'the first is heard')
    write(fd, 'b')
    closeSync(fd)
    expect(pipe.finish(hear)).to.equal(undefined)
    expect(heard).to.equal('ab')
    const next = openSync(path, 'w')
    write(next, 'c')
    let heardNext = ''
    pipe.listen((chunk) => (heardNext += Buffer.from(chunk).toString()))
    await until(() => heardNext === 'c', 'the next listener hears it')
    closeSync(next)
    pipe.finish(hear)
    expect(heard).to.equal('ab')
  })

  it('go on listening when all writers have left and another comes', async () => {
    makeFifos([path])
    const pipe = new OutputPipe(path)
    print('a')
    pipe.listen(hear)
    await until(() => heard === 'a', 'the first is heard')
    print('b')
    await until(() => heard === 'ab', 'the second is heard')
    expect(pipe.finish(hear)).to.equal(undefined)
    print('c')
    expect(pipe.finish(hear)).to.equal(undefined)
    expect(heard).to.equal('abc')
  })

  for (const isListening of [false, true]) {
    const how = isListening ? 'that was listened to' : 'that was not'
    it(`are replaced when somebody could still write: one ${how}`, async () => {
      makeFifos([path])
      const pipe = new OutputPipe(path)
      const leftover = openSync(path, 'w')
      if (isListening) pipe.listen(hear)
      write(leftover, 'a')
      const leave = pipe.finish(hear)
      expect(leave).to.be.a('function')
      expect(heard).to.equal('a')
      write(leftover, 'late')
      print('b')
      expect(pipe.finish(hear)).to.equal(undefined)
      expect(heard).to.equal('ab')
      leave?.()
      await until(() => !canWrite(leftover), 'nobody reads it any more')
      closeSync(leftover)
    })
  }

  function canWrite(fd: number): boolean {
    try {
      writeSync(fd, 'x')
      return true
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).to.equal('EPIPE')
      return false
    }
  }

  it('are made again where somebody has removed them, now and then', () => {
    const paths = { stdout: path, stderr: `${path}2` }
    makeFifos(Object.values(paths))
    const pair = new PipePair(paths)
    unlinkSync(path)
    pair.ensure(performance.now())
    expect(existsSync(path), 'not looked at so soon').to.equal(false)
    pair.ensure(performance.now() + 2_000)
    print('a')
    pair.stdout.finish(hear)
    expect(heard).to.equal('a')
  })

  it('say in one line why they cannot be made', () => {
    expect(() => makeFifos([join(folder, 'no', 'such')])).to.throw(
      /^cannot make named pipes: .*such/
    )
  })
})

describe('collector', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-collector-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  const chunk = Buffer.alloc(100_000, 'abc')
  const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

  function collected(chunks: number, bytesMax: number): Collector {
    const collector = new Collector(join(folder, 'file'), bytesMax)
    for (let left = chunks; left > 0; left--) collector.add(chunk)
    return collector
  }

  it('keeps little in memory, and no more than it may', async () => {
    const collector = collected(2, 150_000)
    expect(collector.isLittle).to.equal(true)
    expect(collector.bytes).to.equal(200_000)
    expect(collector.takeLittle(collector.bytes)).to.have.length(150_000)
    expect(await collector.take(10, join(folder, 'to'))).to.deep.equal(chunk.subarray(0, 10))
    expect(existsSync(join(folder, 'file'))).to.equal(false)
  })

  it('makes a file of more, and knows its hash', async () => {
    const collector = collected(5, 1_000_000)
    expect(collector.isLittle).to.equal(false)
    const output = await collector.take(500_000, join(folder, 'to'))
    if (!isSpoolFile(output)) throw new Error('it is no file')
    const content = readFileSync(output.path)
    expect(content).to.have.length(500_000)
    expect(output).to.include({ bytes: 500_000, blob: hashOf(content) })
    expect(existsSync(join(folder, 'file'))).to.equal(false)
  })

  it('cuts the file to what is asked for', async () => {
    const output = await collected(5, 450_000).take(300_001, join(folder, 'to'))
    if (!isSpoolFile(output)) throw new Error('it is no file')
    const content = readFileSync(output.path)
    expect(content).to.have.length(300_001)
    expect(output.blob).to.equal(hashOf(content))
  })

  it('takes what is little enough for memory out of the file again', async () => {
    const output = await collected(5, 1_000_000).take(INLINE_BYTES_MAX, join(folder, 'to'))
    expect(isSpoolFile(output)).to.equal(false)
    expect(output).to.have.length(INLINE_BYTES_MAX)
    expect(existsSync(join(folder, 'file'))).to.equal(false)
  })

  it('says that the file cannot be made, and leaves nothing', () => {
    const collector = new Collector(join(folder, 'no', 'such'), 1_000_000)
    expect(() => {
      for (let left = 5; left > 0; left--) collector.add(chunk)
    }).to.throw(/ENOENT/)
    collector.drop()
  })
})
