/** A manager and its slaves as processes: one is killed with a job in its hands. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Manager } from '../../src/index.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { LineProcess } from '../support/line-process.ts'

const SLAVE = fileURLToPath(new URL('../support/manager-slave.ts', import.meta.url))
const LEASE_MS = 1_000

describe('a manager and slaves as processes', function () {
  this.timeout(120_000)
  const folders: string[] = []
  const slaves: LineProcess[] = []
  const token = encodeToken(createCredentials(), 'work')
  let homeBefore: string | undefined

  before(() => {
    homeBefore = process.env['P2PJOBS_HOME']
    process.env['P2PJOBS_HOME'] = home()
  })

  after(async () => {
    await Promise.all(slaves.map((slave) => slave.stop()))
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  function home(): string {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-slaves-'))
    folders.push(folder)
    return folder
  }

  function start(address: string, name: string): LineProcess {
    const env = { ...process.env, P2PJOBS_HOME: home(), P2PJOBS_TOKEN: token }
    const slave = new LineProcess(
      spawn(process.execPath, [SLAVE, address, name], { env, stdio: 'pipe' })
    )
    slaves.push(slave)
    return slave
  }

  it('every job is finished once, by those who live', async () => {
    await using manager = await Manager.start({
      ...{ name: 'jobs', token, leaseMs: LEASE_MS },
      ...{ mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
    })
    const [address = ''] = manager.addresses
    const jobs = manager.joinableQueue<string>('dispatched')
    const finished = manager.queue<[slave: string, job: string]>('finished')
    const doomed = start(address, 'doomed')
    await jobs.put('hold')
    await doomed.jsonLine(({ event, job }) => event === 'took' && job === 'hold')
    doomed.child.kill('SIGKILL')
    // It is back once the lease has ended; nobody else may hold it, or it would be held for good.
    const held = await jobs.get({ lease: true })
    expect(held.value).to.equal('hold')
    await held.ack()
    const living = ['one', 'two'].map((name) => start(address, name))
    await Promise.all(living.map((slave) => slave.jsonLine(({ event }) => event === 'ready')))
    const names = Array.from({ length: 40 }, (_, at) => `job ${at}`)
    await jobs.putMany(names)
    const done: string[] = []
    while (done.length < names.length) done.push((await finished.get())[1])
    expect(done.sort()).to.deep.equal([...names].sort())
    await jobs.join()
    await manager.delete(jobs)
    const endings = await Promise.all(living.map((slave) => slave.ended))
    expect(endings.map(({ code }) => code)).to.deep.equal([0, 0])
    expect(await finished.empty()).to.equal(true)
  })
})
