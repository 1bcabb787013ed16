/** What is promised of results on disk. */
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Report } from '../../src/core/messages.ts'
import type { NodeId } from '../../src/core/types.ts'
import { blobOf } from '../support/blobs.ts'
import { aResult, ref } from '../support/machines.ts'
import { aReport, noBlob, SpoolFolder, tasksIn, whoseOf } from '../support/spool.ts'

const M = 'm' as NodeId

describe('spool', function () {
  this.timeout(60_000)
  let at: SpoolFolder

  beforeEach(() => (at = new SpoolFolder()))
  afterEach(() => at.end())

  function blobFiles(): string[] {
    return readdirSync(join(at.folder, 'blobs'))
  }

  it('gives back what was kept, as it was, with its age', async () => {
    const before = Date.now()
    const first = await at.open()
    const whole: Report = {
      ...ref(3, 2, 7),
      result: {
        ...{ outcome: 'failure', reason: 'exit status 3', exitCode: 3, signal: undefined },
        ...{ startedAt: 1_700_000_000_000, runtimeMs: 1_234, value: new Uint8Array(0) },
        ...{ stdout: Uint8Array.of(1, 2), stderr: Uint8Array.of(3) }
      }
    }
    first.keep(whoseOf('m'), [whole], noBlob)
    const second = await at.open()
    const [kept, ...others] = second.kept
    expect(others).to.deep.equal([])
    const { reports, ...whose } = kept!
    expect(whose).to.deep.equal(whoseOf('m'))
    const { ageMs, ...found } = reports[0]!
    expect(ageMs).to.be.within(0, Date.now() - before)
    expect(found).to.deep.equal(whole)
    expect((found.result.stdout as Uint8Array).buffer.byteLength, 'it is a copy').to.equal(2)
    expect(at.problems).to.deep.equal([])
  })

  it('keeps nothing that was forgotten, before or while it is written or later', async () => {
    const spool = await at.open()
    spool.keep(
      whoseOf('m'),
      [1, 2, 3, 4].map((task) => aReport(task)),
      noBlob
    )
    spool.forget(M, ref(1))
    // The write has begun by then, or is over: one of both.
    await Promise.resolve()
    await Promise.resolve()
    spool.forget(M, ref(2))
    await spool.idle()
    spool.forget(M, ref(3))
    spool.forget(M, ref(77))
    spool.forget('nobody' as NodeId, ref(4))
    expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [4] })
  })

  it('tells masters and their epochs apart, the latest epoch last', async () => {
    const spool = await at.open()
    spool.keep(whoseOf('m'), [aReport(1)], noBlob)
    spool.keep(whoseOf('n'), [aReport(1)], noBlob)
    await spool.idle()
    spool.keep(whoseOf('m', 'epoch-2'), [aReport(2)], noBlob)
    const again = await at.open()
    expect(tasksIn(again)).to.deep.equal({
      ...{ 'm epoch-1': [1], 'n epoch-1': [1], 'm epoch-2': [2] }
    })
    const epochs = again.kept.filter(({ master }) => master === M).map(({ epoch }) => epoch)
    expect(epochs).to.deep.equal(['epoch-1', 'epoch-2'])
  })

  it('keeps a result of a new epoch whose numbers an old one had', async () => {
    const spool = await at.open()
    spool.keep(whoseOf('m'), [aReport(1)], noBlob)
    await spool.idle()
    spool.forget(M, ref(1))
    spool.keep(whoseOf('m', 'epoch-2'), [aReport(1)], noBlob)
    expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-2': [1] })
  })

  it('is an empty file again when nothing is kept', async () => {
    const spool = await at.open()
    spool.keep(whoseOf('m'), [aReport(1, 'x'.repeat(1_000))], noBlob)
    await spool.idle()
    expect(statSync(at.log).size).to.be.above(1_000)
    spool.forget(M, ref(1))
    await spool.idle()
    expect(statSync(at.log).size).to.be.below(100)
  })

  it('does not grow with what has gone: it is written anew', async () => {
    const spool = await at.open()
    spool.keep(whoseOf('m'), [aReport(1, 'stays')], noBlob)
    const large = 'x'.repeat(100_000)
    for (let task = 2; task < 50; task++) {
      spool.keep(whoseOf('m'), [aReport(task, large)], noBlob)
      await spool.idle()
      spool.forget(M, ref(task))
      await spool.idle()
      expect(statSync(at.log).size).to.be.below(1_300_000)
    }
    spool.keep(whoseOf('m'), [aReport(50, 'last')], noBlob)
    const again = await at.open()
    expect(tasksIn(again)).to.deep.equal({ 'm epoch-1': [1, 50] })
    expect(Buffer.from(valueOf(again.kept[0]!.reports[0]!)).toString()).to.equal('stays')
    expect(existsSync(`${at.log}.new`)).to.equal(false)
    expect(at.problems).to.deep.equal([])
  })

  it('is readable by its owner only', async () => {
    rmSync(at.folder, { recursive: true })
    await at.open()
    expect(statSync(at.folder).mode & 0o777).to.equal(0o700)
    expect(statSync(at.log).mode & 0o777).to.equal(0o600)
  })

  describe('blobs', () => {
    it('stay when their first name goes, and go with their result', async () => {
      const spool = await at.open()
      const bytes = Buffer.from('a large output')
      const { path, stdout } = at.file('output', bytes)
      const result = { ...aResult(), stdout, stderr: stdout }
      spool.keep(whoseOf('m'), [{ ...ref(1), result }], () => path)
      spool.keep(whoseOf('m'), [{ ...ref(2), result }], () => path)
      await spool.idle()
      unlinkSync(path)
      const again = await at.open()
      expect(tasksIn(again)).to.deep.equal({ 'm epoch-1': [1, 2] })
      expect(readFileSync(again.pathOf(stdout))).to.deep.equal(bytes)
      again.forget(M, ref(1))
      await again.idle()
      expect(blobFiles()).to.deep.equal([stdout.blob])
      again.forget(M, ref(2))
      await again.idle()
      expect(blobFiles()).to.deep.equal([])
    })

    it('may be gone when their result was forgotten before it was written', async () => {
      const spool = await at.open()
      const { path, stdout } = at.file('output', Buffer.from('short-lived'))
      const result = { ...aResult(), stdout }
      spool.keep(whoseOf('m'), [{ ...ref(1), result }], () => path)
      await Promise.resolve()
      spool.forget(M, ref(1))
      unlinkSync(path)
      await spool.idle()
      expect(at.problems).to.deep.equal([])
      expect(tasksIn(await at.open())).to.deep.equal({})
    })

    it('that nobody refers to are removed at start', async () => {
      await at.open()
      writeFileSync(join(at.folder, 'blobs', 'left-behind'), 'x')
      await at.open()
      expect(blobFiles()).to.deep.equal([])
    })

    it('that are missing or cut short cost their result only, and that is told', async () => {
      const spool = await at.open()
      for (const task of [1, 2, 3]) {
        const { path, stdout } = at.file(`output-${task}`, Buffer.from(`output ${task}`))
        spool.keep(whoseOf('m'), [{ ...ref(task), result: { ...aResult(), stdout } }], () => path)
      }
      await spool.idle()
      unlinkSync(spool.pathOf({ blob: blobOf(Buffer.from('output 1')) }))
      truncateSync(spool.pathOf({ blob: blobOf(Buffer.from('output 3')) }), 3)
      expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [2] })
      expect(at.problems).to.have.lengthOf(1)
      expect(at.problems[0]).to.match(/damaged; their tasks may be run again/)
      await at.open()
      expect(at.problems, 'told once').to.have.lengthOf(1)
    })
  })

  it('does not hold up the loop: a thousand results are one write', async () => {
    const spool = await at.open()
    for (let task = 1; task <= 1_000; task++) spool.keep(whoseOf('m'), [aReport(task)], noBlob)
    await spool.idle()
    expect(tasksIn(await at.open())['m epoch-1']).to.have.lengthOf(1_000)
  })
})

function valueOf({ result }: Report): Uint8Array {
  return result.value as Uint8Array
}
