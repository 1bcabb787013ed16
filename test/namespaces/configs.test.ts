import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { Netlab, skipWithoutNetlab } from '../support/netlab.ts'
import { config, PROGRAM } from '../support/program.ts'

/** The ready configurations as they are meant: on a LAN, with nothing else said. */
describe('the ready configurations on a LAN', function () {
  this.timeout(60_000)
  let lab: Netlab
  const homes: string[] = []

  before(function () {
    skipWithoutNetlab(this)
  })

  beforeEach(async () => {
    lab = await Netlab.up(2)
  })

  afterEach(async () => {
    await lab.down()
    for (const home of homes.splice(0)) rmSync(home, { recursive: true, force: true })
  })

  function start(host: number, name: string, words: readonly string[], token = ''): LineProcess {
    const home = mkdtempSync(join(tmpdir(), 'p2pjobs-configs-'))
    homes.push(home)
    const env = { ...process.env, P2PJOBS_HOME: home, P2PJOBS_TOKEN: token }
    const all = [PROGRAM, 'node', '--json', '--config', config(name), ...words]
    return lab.spawn(host, process.execPath, all, { env })
  }

  it('make a master and a worker that find each other', async () => {
    const jobs = ['--jobs', '-', '--exit-when-done']
    const master = start(1, 'master.json', jobs)
    const { token } = await master.jsonLine(({ event }) => event === 'network')
    start(2, 'lan-worker.json', ['--name', 'lab'], String(token))
    await master.jsonLine((line) => line['status'] === 'joined' && line['name'] === 'lab')
    master.child.stdin.end('sleep 0.05\n'.repeat(12))
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const names = master.json.filter(({ event }) => event === 'result').map(({ name }) => name)
    expect(names).to.have.length(12)
    expect(names).to.include('lab')
  })
})
