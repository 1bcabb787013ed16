/** Workers that are ended while they have results that their master has not accepted. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { MasterMessage } from '../../src/core/messages.ts'
import type { Result } from '../../src/core/result.ts'
import type { BlobRef } from '../../src/core/types.ts'
import { openJournal } from '../../src/journal/sqlite-journal.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { Admitting } from '../support/admitting.ts'
import type { RawMaster } from '../support/admitting.ts'
import type { LineProcess } from '../support/line-process.ts'
import { ref, SPEC } from '../support/machines.ts'
import { addressOf, LOOPBACK, Programs } from '../support/program.ts'
import { askForBlob } from '../support/raw-blobs.ts'
import { KEPT_DURABLE } from '../support/raw-sessions.ts'
import { until } from '../support/until.ts'

/** More than fits into a message. */
const LARGE = 300_000
const SEED = Buffer.alloc(32, 7)

/** What a durable master says to have commands run, as tasks 1, 2, ... of job 1. */
function leasesOf(commands: readonly string[]): MasterMessage[] {
  const leases = commands.map((text, at) => ({ ...ref(at + 1), input: Buffer.from(text) }))
  const spec = { ...SPEC, command: '', outputBytesMax: 1_000_000 }
  return [
    KEPT_DURABLE,
    { type: 'spec', job: ref(1).job, spec },
    { type: 'leases', batch: 1, used: commands.length, more: false, leases }
  ]
}

/** What is reported in a session until it was about so many tasks, by their numbers. */
async function resultsOf(
  session: Awaited<ReturnType<RawMaster['session']>>,
  count: number
): Promise<Map<number, Result>> {
  const results = new Map<number, Result>()
  while (results.size < count) {
    const { reports } = await session.hears('report')
    for (const { task, result } of reports) results.set(task, result)
  }
  return results
}

describe('kept results', function () {
  this.timeout(60_000)
  const net = new Admitting()
  const programs = new Programs()
  let home: string

  beforeEach(() => (home = programs.home()))

  afterEach(async () => {
    await programs.end()
    await net.end()
  })

  /** A worker, always of the same home. */
  function aWorker(...words: string[]): LineProcess {
    const flags = ['--json', '--slots', '4', ...LOOPBACK, ...words]
    const env = { P2PJOBS_TOKEN: encodeToken(net.credentials, 'work') }
    return programs.start(['node', ...flags], { home, env })
  }

  function onDisk(): { log: number; blobs: string[] } {
    const log = statSync(join(home, 'spool', 'results.log')).size
    return { log, blobs: readdirSync(join(home, 'spool', 'blobs')) }
  }

  /** The worker has these on disk, when this resolves. */
  async function hasOnDisk(count: number, blobs = 0): Promise<void> {
    const log = join(home, 'spool', 'results.log')
    const isThere = (): boolean =>
      onDisk().blobs.length === blobs &&
      readFileSync(log, 'latin1').split('12D3KooW').length > count
    await until(isThere, `${count} results are on disk`)
  }

  /** A worker ends tasks that are not accepted; it has them on disk. */
  async function aWorkerWithResults(master: RawMaster): Promise<LineProcess> {
    const worker = aWorker('--join', master.peer.address)
    const session = await master.session(1)
    await session.hears('hold')
    session.say(...leasesOf(['echo small', `head -c ${LARGE} /dev/zero`, 'exit 3']))
    await hasOnDisk(3, 1)
    return worker
  }

  it('are handed over by a worker that was killed, blobs included, and then removed', async () => {
    const master = await net.rawMaster()
    const first = await aWorkerWithResults(master)
    first.kill('SIGKILL')
    await first.ended
    const second = aWorker('--join', master.peer.address)
    const session = await master.session(2)
    const { attempts } = await session.hears('hold')
    expect(attempts).to.have.deep.members([1, 2, 3].map((n) => ({ ...ref(n), state: 'ended' })))
    session.say(KEPT_DURABLE)
    const results = await resultsOf(session, 3)
    const [small, large, failed] = [1, 2, 3].map((task) => results.get(task))
    expect(Buffer.from(small!.stdout as Uint8Array).toString()).to.equal('small\n')
    expect(failed).to.include({ outcome: 'failure', exitCode: 3 })
    const bytes = await askForBlob(master.peer, master.connection!, large!.stdout as BlobRef)
    expect(Buffer.alloc(LARGE).equals(bytes as Buffer)).to.equal(true)
    session.say({ type: 'accepted', attempts: [ref(1), ref(2), ref(3)] })
    await until(() => onDisk().log < 30 && onDisk().blobs.length === 0, 'nothing is kept')
    expect(second.stderr).to.not.include('damaged')
    expect(await second.stop()).to.deep.equal({ code: 0, signal: null })
  })

  it('stay when the worker leaves while its master is away, and are offered when both are back', async () => {
    const master = await net.rawMaster({ seed: SEED })
    const first = await aWorkerWithResults(master)
    const { address } = master.peer
    await net.forgetPeers()
    await first.jsonLine(({ event, status }) => event === 'member' && status === 'failed')
    expect(await first.signalUntilEnded('SIGTERM')).to.deep.equal({ code: 0, signal: null })
    const second = aWorker('--join', address)
    await second.jsonLine(({ event }) => event === 'node')
    const back = await net.rawMaster({ seed: SEED, listen: address.replace(/\/p2p\/.*/, '') })
    const session = await back.session(1)
    const { attempts } = await session.hears('hold')
    expect(attempts).to.have.lengthOf(3)
    session.say(KEPT_DURABLE, { type: 'accepted', attempts: [ref(1), ref(2), ref(3)] })
    await until(() => onDisk().log < 30 && onDisk().blobs.length === 0, 'nothing is kept')
  })

  it('end a job whose master and worker were both killed: nothing runs twice', async () => {
    const folder = programs.folder()
    const [jobs, ran] = [join(folder, 'jobs'), join(folder, 'ran')]
    const lines = [1, 2, 3].map((n) => `echo ${n} >> ${ran}; sleep 2; head -c ${LARGE} /dev/zero\n`)
    writeFileSync(jobs, lines.join(''))
    const desk = programs.home()
    const flags = ['--master', '--slots', '0', '--json', ...LOOPBACK]
    const first = programs.start(['node', ...flags, '--jobs', jobs], { home: desk })
    const network = await first.jsonLine(({ event }) => event === 'network')
    const address = await addressOf(first)
    const env = { P2PJOBS_TOKEN: String(network['token']) }
    const words = ['node', '--json', '--slots', '3', ...LOOPBACK, '--join', address]
    const worker = programs.start(words, { home, env })
    await until(() => existsSync(ran) && readFileSync(ran).length === 6, 'all tasks are running')
    first.kill('SIGKILL')
    await first.ended
    await hasOnDisk(3, 1)
    worker.kill('SIGKILL')
    await worker.ended
    const listen = ['--listen', address.replace(/\/p2p\/.*/, '')]
    const second = programs.start(['node', ...flags, ...listen], { home: desk })
    await addressOf(second)
    programs.start(words, { home, env })
    await until(() => onDisk().log < 30 && onDisk().blobs.length === 0, 'all are accepted')
    expect(await second.stop()).to.deep.equal({ code: 0, signal: null })
    expect(readFileSync(ran, 'utf8').split('\n').sort()).to.deep.equal(['', '1', '2', '3'])
    const journal = await openJournal(join(desk, 'journal.sqlite'))
    const [job] = await journal.jobs(1)
    await journal.close()
    expect(job?.counts).to.include({ finished: 3 })
  })

  it('are dropped when their master has another record', async () => {
    const master = await net.rawMaster({ seed: SEED })
    const first = await aWorkerWithResults(master)
    first.kill('SIGKILL')
    await first.ended
    await net.forgetPeers()
    const other = await net.rawMaster({ seed: SEED, epoch: 'another' })
    aWorker('--join', other.peer.address)
    const session = await other.session(1)
    expect(await session.hears('hold'))
      .to.have.property('attempts')
      .deep.equal([])
    await until(() => onDisk().log < 30 && onDisk().blobs.length === 0, 'nothing is kept')
  })

  it('are in memory only when the folder cannot be used, which is told', async () => {
    writeFileSync(join(home, 'spool'), 'in the way')
    const master = await net.rawMaster()
    const worker = aWorker('--join', master.peer.address)
    await worker.stderrMatch(/cannot keep results in .*spool: .*/)
    const session = await master.session(1)
    await session.hears('hold')
    session.say(...leasesOf(['echo small']))
    const { reports } = await session.hears('report')
    expect(reports).to.have.lengthOf(1)
    session.say({ type: 'accepted', attempts: [ref(1)] })
    expect(await worker.stop()).to.deep.equal({ code: 0, signal: null })
  })

  it('are in memory only while the disk is full, which is told once', async function () {
    if (process.getuid?.() !== 0) this.skip()
    const folder = join(home, 'spool')
    mkdirSync(folder)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=700', 'spool-test', folder])
    const master = await net.rawMaster()
    const worker = aWorker('--join', master.peer.address)
    try {
      const session = await master.session(1)
      await session.hears('hold')
      const large = `head -c ${LARGE} /dev/zero`
      session.say(...leasesOf([large, `sleep 1; ${large}`, `sleep 1.5; echo small`]))
      await worker.stderrMatch(/cannot keep results in .*: ENOSPC/)
      await resultsOf(session, 3)
      await hasOnDisk(1)
      session.say({ type: 'accepted', attempts: [ref(1), ref(2), ref(3)] })
      await until(() => onDisk().log < 30 && onDisk().blobs.length === 0, 'nothing is kept')
      expect(worker.stderr.split('cannot keep results')).to.have.lengthOf(2)
      expect(await worker.stop()).to.deep.equal({ code: 0, signal: null })
    } finally {
      await worker.stop()
      execFileSync('umount', [folder])
    }
  })
})
