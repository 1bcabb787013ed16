/** A node whose disk is full: it says so, loses nothing, and goes on by itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { skipWithoutDisk, SmallDisk } from '../support/journal-processes.ts'
import { expectRefusal } from '../support/outcomes.ts'
import { addressOf, LOOPBACK, Programs } from '../support/program.ts'

describe('a node whose disk is full', function () {
  this.timeout(60_000)
  const programs = new Programs()
  let disk: SmallDisk

  before(function () {
    skipWithoutDisk(this)
  })

  beforeEach(() => {
    disk = new SmallDisk(32)
  })

  afterEach(async () => {
    await programs.end()
    disk.remove()
  })

  it('as a master takes nothing new, records what runs, and takes new work when there is space', async () => {
    const home = disk.path
    const gate = join(programs.folder(), 'gate')
    const flags = ['--master', '--json', '--slots', '1', ...LOOPBACK]
    const master = programs.start(['node', ...flags], { home })
    await master.jsonLine(({ event }) => event === 'node')
    const wait = `until [ -e ${gate} ]; do sleep 0.05; done; echo {}`
    const submitted = await programs.run(['submit', wait, ':::', 'one', 'two'], { home })
    expect(submitted.stdout, submitted.stderr).to.equal('1\n')

    disk.fill()
    const refused = await programs.run(['submit', 'echo', ':::', 'more'], { home })
    expectRefusal(refused, 2, /the disk of the journal .* is nearly full: make room/)
    writeFileSync(gate, '')
    expect(await programs.run(['wait', '1', '--fail'], { home })).to.include({ code: 0 })
    const { stdout } = await programs.run(['logs', '1'], { home })
    expect(stdout).to.equal('one\ntwo\n')

    disk.makeRoom()
    const again = await programs.run(['submit', 'echo', ':::', 'more'], { home })
    expect(again.stdout, again.stderr).to.equal('2\n')
    expect(await programs.run(['wait', '2', '--fail'], { home })).to.include({ code: 0 })
    expect(await master.stop()).to.deep.equal({ code: 0, signal: null })
  })

  it('as a master says so when it cannot keep the output of a worker, which sends it again', async () => {
    const home = disk.path
    const gate = join(programs.folder(), 'gate')
    const master = programs.start(['node', '--master', '--json', '--slots', '0', ...LOOPBACK], {
      home
    })
    const { token } = await master.jsonLine(({ event }) => event === 'network')
    const address = await addressOf(master)
    await programs.worker({ token: String(token), address }, 'lab', ['--slots', '1'])
    const command = `until [ -e ${gate} ]; do sleep 0.05; done; head -c 1000000 /dev/zero; : {}`
    const run = programs.start(['run', '--json', command, ':::', '1'], { home, stdin: '' })
    await run.jsonLine(({ event }) => event === 'started')
    disk.fill()
    writeFileSync(gate, '')
    await master.stderrMatch(/the disk of \S+ is full: .*make room on it, or forget jobs/)
    disk.makeRoom()
    await master.stderrMatch(/the disk of \S+ has space again/)
    expect(await run.ended).to.include({ code: 0 })
  })

  it('as a worker says so once, runs nothing, and goes on by itself when there is space', async () => {
    const network = await programs.master(['--slots', '0'])
    const gate = join(programs.folder(), 'gate')
    const worker = programs.start(
      ['node', '--name', 'lab', '--slots', '1', ...LOOPBACK, '--join', network.address],
      { home: disk.path, env: { P2PJOBS_TOKEN: network.token } }
    )
    const command = `until [ -e ${gate} ]; do sleep 0.05; done; head -c 1000000 /dev/zero; : {}`
    const words = ['run', '--json', command, ':::', '1', '2', '3']
    const run = programs.start(words, { home: network.home, stdin: '' })
    await run.jsonLine(({ event }) => event === 'started')
    disk.fill()
    writeFileSync(gate, '')

    await worker.stderrMatch(/the disk of \S+ is full: .*make room on it/)
    await run.stderrMatch(/nothing runs: lab takes no tasks now; .* ENOSPC: no space left/)
    const { stdout } = await programs.run(['explain', 'last'], { home: network.home })
    expect(stdout).to.match(/^lab takes no tasks now; .* ENOSPC: no space left on device/)
    expect(run.json.filter(({ event }) => event === 'result')).to.deep.equal([])

    disk.makeRoom()
    await worker.stderrMatch(/the disk of \S+ has space again/)
    expect(await run.ended).to.include({ code: 0 })
    expect(worker.stderr.match(/is full/g)).to.have.lengthOf(1)
    expect(worker.stderr.match(/has space again/g)).to.have.lengthOf(1)
  })
})
