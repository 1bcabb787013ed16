/** A master whose disk is full: it says so, loses nothing, and goes on by itself. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { skipWithoutDisk, SmallDisk } from '../support/journal-processes.ts'
import { expectRefusal } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'

describe('a master node whose disk is full', function () {
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

  it('takes nothing new, records what runs, and takes new work when there is space', async () => {
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
})
