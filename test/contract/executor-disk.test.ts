/** What executors tell of a full disk: the task is refused, and its node hears why before. */
import { expect } from 'chai'
import { skipWithoutDisk, SmallDisk } from '../support/journal-processes.ts'
import { TestExecutor } from '../support/executors.ts'
import { TestFunctions } from '../support/functions.ts'

const MIB = 1024 * 1024

describe('an executor whose disk is full', function () {
  this.timeout(20_000)
  let disk: SmallDisk

  before(function () {
    skipWithoutDisk(this)
  })

  beforeEach(() => {
    disk = new SmallDisk(24)
  })

  afterEach(() => disk.remove())

  it('tells so of a command whose output it cannot keep, and of none that prints little', async () => {
    const on = await TestExecutor.open({ folder: disk.path })
    disk.fill()
    expect(await on.run('echo one')).to.include({ outcome: 'success' })
    expect(on.noSpace).to.equal(0)
    const end = await on.run('head -c 2000000 /dev/zero')
    expect(end).to.include({ outcome: 'refused' })
    expect(end.reason).to.match(/output of the task could not be kept: ENOSPC/)
    expect(on.noSpace).to.equal(1)
    disk.makeRoom()
    expect(await on.run('head -c 2000000 /dev/zero')).to.include({ outcome: 'success' })
    await on.remove()
  })

  it('tells so of a function whose output it cannot keep', async () => {
    const on = await TestFunctions.open('none')
    await on.executor.close()
    await on.reopen({ folder: disk.path })
    expect(await on.value('add', [1, 2])).to.equal(3)
    disk.fill()
    const end = await on.run('printBytes', [40 * MIB])
    expect(end).to.include({ outcome: 'refused' })
    expect(end.reason).to.match(/output of the task could not be kept: ENOSPC/)
    expect(on.noSpace).to.equal(1)
    await on.remove()
  })
})
