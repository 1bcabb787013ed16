/** What becomes of results on disk when the process is killed, the file damaged, the disk full. */
import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { operatingErrorOf } from '../../src/core/errors.ts'
import type { BlobRef, NodeId } from '../../src/core/types.ts'
import { LineProcess } from '../support/line-process.ts'
import { aResult, ref } from '../support/machines.ts'
import { aReport, noBlob, SpoolFolder, tasksIn, whoseOf } from '../support/spool.ts'
import { until } from '../support/until.ts'

const WRITER = fileURLToPath(new URL('../support/spool-writer.ts', import.meta.url))
const M = 'm' as NodeId

describe('spool: misfortune', function () {
  this.timeout(60_000)
  let at: SpoolFolder

  beforeEach(() => (at = new SpoolFolder()))
  afterEach(() => at.end())

  describe('after a crash', () => {
    it('in the middle of writing, has all that was said to be there', async () => {
      for (let round = 0; round < 5; round++) {
        const child = spawn(process.execPath, [WRITER, at.folder], { stdio: 'pipe' })
        const writer = new LineProcess(child)
        await until(() => writer.lines.length >= 5 * round + 1, 'some results are on disk')
        writer.kill('SIGKILL')
        await writer.ended
        const said = Number(writer.lines.at(-1))
        // Its own files go, as a node's scratch does.
        rmSync(join(at.folder, 'outputs'), { recursive: true })
        const spool = await at.open()
        const tasks = tasksIn(spool)['m epoch-1'] ?? []
        expect(tasks.slice(0, said)).to.deep.equal(Array.from({ length: said }, (_, n) => n + 1))
        for (const { task, result } of spool.kept[0]!.reports) {
          const bytes = readFileSync(spool.pathOf(result.stdout as BlobRef))
          expect(bytes.equals(Buffer.alloc(10_000, `output ${task} `))).to.equal(true)
          spool.forget(M, ref(task))
        }
        expect(at.problems).to.deep.equal([])
        await spool.idle()
      }
    })

    it('passes over a record that was being written, wherever that stopped', async () => {
      const spool = await at.open()
      spool.keep(whoseOf('m'), [aReport(1), aReport(2)], noBlob)
      await spool.close()
      const whole = readFileSync(at.log)
      const two = whole.indexOf('epoch-1', whole.indexOf('epoch-1') + 1)
      for (let bytes = whole.length - 1; bytes > two; bytes--) {
        writeFileSync(at.log, whole.subarray(0, bytes))
        const again = await at.open()
        expect(tasksIn(again)).to.deep.equal({ 'm epoch-1': [1] })
        // What is written next stands where the torn one stood.
        again.keep(whoseOf('m'), [aReport(3)], noBlob)
        expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [1, 3] })
      }
      expect(at.problems).to.deep.equal([])
    })

    it('begins anew when not even the first line was written', async () => {
      await at.open()
      for (const start of ['', 'p2pjobs', 'p2pjobs results 1']) {
        await at.end()
        mkdirSync(at.folder, { recursive: true })
        writeFileSync(at.log, start)
        const spool = await at.open()
        spool.keep(whoseOf('m'), [aReport(1)], noBlob)
        expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [1] })
      }
      expect(at.problems).to.deep.equal([])
    })
  })

  describe('with a damaged file', () => {
    const tasks = [1, 2, 3]

    async function written(): Promise<Buffer> {
      const spool = await at.open()
      spool.keep(
        whoseOf('m'),
        tasks.map((task) => aReport(task, 'value')),
        noBlob
      )
      await spool.close()
      return readFileSync(at.log)
    }

    it('loses what has changed, tells it once, and keeps the rest', async () => {
      const whole = await written()
      const changed = Buffer.from(whole)
      changed[whole.indexOf('value') + 2]! ^= 1
      writeFileSync(at.log, changed)
      expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [2, 3] })
      expect(at.problems).to.have.lengthOf(1)
      expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [2, 3] })
      expect(at.problems).to.have.lengthOf(1)
    })

    for (const [what, garbage] of Object.entries({
      zeros: Buffer.alloc(4_096),
      'a length beyond every bound': Buffer.alloc(4_096, 0xff),
      'a text': Buffer.from('this is no record at all, but a text')
    })) {
      it(`has all before ${what} at its end`, async () => {
        await written()
        appendFileSync(at.log, garbage)
        const spool = await at.open()
        expect(tasksIn(spool)).to.deep.equal({ 'm epoch-1': tasks })
        spool.keep(whoseOf('m'), [aReport(4)], noBlob)
        expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [...tasks, 4] })
      })
    }

    it('begins anew when it is something else', async () => {
      writeFileSync(at.log, 'something else, and much longer than a first line')
      const spool = await at.open()
      expect(at.problems).to.have.lengthOf(1)
      spool.keep(whoseOf('m'), [aReport(1)], noBlob)
      expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [1] })
      expect(at.problems).to.have.lengthOf(1)
    })

    it('never throws, whatever byte has changed', async () => {
      const whole = await written()
      for (let place = 0; place < whole.length; place++) {
        const changed = Buffer.from(whole)
        changed[place]! ^= 0x55
        writeFileSync(at.log, changed)
        const opened = await at.open().then(
          (spool) => Object.values(tasksIn(spool)).flat(),
          (error: unknown) => operatingErrorOf(error)?.code
        )
        // In the first line, it may look like that of a later version.
        if (opened !== 'BAD_HOME') expect(tasks).to.include.members(opened as number[])
        else expect(place).to.be.below(18)
      }
    })

    it('leaves alone what a later version wrote', async () => {
      await written()
      const later = Buffer.concat([Buffer.from('p2pjobs results 2\n'), Buffer.from('whatever')])
      await at.open()
      writeFileSync(at.log, later)
      const code = await at.open().then(
        () => undefined,
        (error: unknown) => operatingErrorOf(error)?.code
      )
      expect(code).to.equal('BAD_HOME')
      expect(readFileSync(at.log)).to.deep.equal(later)
    })
  })

  describe('without room', () => {
    it('refuses to keep more than its bound, says so once, and keeps it later', async () => {
      const spool = await at.open(10_000)
      const { path, stdout } = at.file('output', Buffer.alloc(6_000))
      spool.keep(whoseOf('m'), [{ ...ref(1), result: { ...aResult(), stdout } }], () => path)
      spool.keep(whoseOf('m'), [aReport(2, 'x'.repeat(5_000)), aReport(3, 'small')], noBlob)
      await spool.idle()
      spool.keep(whoseOf('m'), [aReport(4, 'x'.repeat(5_000))], noBlob)
      await spool.idle()
      expect(tasksIn(spool)).to.deep.equal({ 'm epoch-1': [1, 3] })
      expect(at.problems).to.have.lengthOf(1)
      expect(at.problems[0]).to.match(/than there is room for/)
      spool.forget(M, ref(1))
      spool.forget(M, ref(4))
      await until(() => tasksIn(spool)['m epoch-1']?.length === 2, 'it is tried again')
      expect(tasksIn(await at.open())).to.deep.equal({ 'm epoch-1': [3, 2] })
    })

    it('on the disk, says so once, breaks nothing, and keeps everything once there is', async function () {
      if (process.getuid?.() !== 0) this.skip()
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=700', 'spool-test', at.folder])
      try {
        const spool = await at.open()
        spool.keep(whoseOf('m'), [aReport(1, 'small')], noBlob)
        await spool.idle()
        const ballast = join(at.folder, 'ballast')
        expect(() => writeFileSync(ballast, Buffer.alloc(1_000_000))).to.throw(/ENOSPC/)
        const large = aReport(2, 'x'.repeat(100_000))
        spool.keep(whoseOf('m'), [large], noBlob)
        await spool.idle()
        const { path, stdout } = at.file('output', Buffer.alloc(100_000))
        // From another file system, so that it has to be copied.
        spool.keep(whoseOf('m'), [{ ...ref(3), result: { ...aResult(), stdout } }], () => path)
        await spool.idle()
        expect(at.problems).to.have.lengthOf(1)
        expect(at.problems[0]).to.match(/ENOSPC.*is lost if this node is killed/)
        expect(tasksIn(spool)).to.deep.equal({ 'm epoch-1': [1] })
        // What a process finds that was killed now.
        const seen = readFileSync(at.log)
        unlinkSync(ballast)
        await until(() => tasksIn(spool)['m epoch-1']?.length === 3, 'it is tried again')
        expect(seen.includes('small')).to.equal(true)
        expect(tasksIn(await at.open())['m epoch-1']).to.have.members([1, 2, 3])
        expect(at.problems).to.have.lengthOf(1)
      } finally {
        await at.close()
        execFileSync('umount', [at.folder])
      }
    })
  })
})
