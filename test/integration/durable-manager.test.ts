/** Durable managers of programs that end and start again, in this process. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Manager } from '../../src/index.ts'
import type { ManagerOptions } from '../../src/index.ts'
import { skipWithoutDisk, SmallDisk } from '../support/journal-processes.ts'
import { failureOf } from '../support/pool-suite.ts'

describe('durable manager', function () {
  this.timeout(60_000)
  const open: Manager[] = []
  let home: string
  let homeBefore: string | undefined

  before(() => {
    homeBefore = process.env['P2PJOBS_HOME']
  })

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-durable-'))
    process.env['P2PJOBS_HOME'] = home
  })

  afterEach(async () => {
    await Promise.all(open.splice(0).map((manager) => manager.close()))
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    rmSync(home, { recursive: true, force: true })
  })

  async function serve(options: ManagerOptions = {}): Promise<Manager> {
    const manager = await Manager.start({ name: 'kept', local: true, durable: true, ...options })
    open.push(manager)
    return manager
  }

  it('has the items of the one before, and what that had on lease', async () => {
    const first = await serve()
    const jobs = first.joinableQueue<string>('jobs', { maxsize: 9 })
    await jobs.putMany(['a', 'b', 'c', 'd'])
    expect(await jobs.get()).to.equal('a')
    expect((await jobs.get({ lease: true })).value).to.equal('b')
    const done = await jobs.get({ lease: true })
    await done.ack()
    await first.value('v', 1).set(2)
    await first.close()
    const second = await serve()
    const again = second.joinableQueue<string>('jobs')
    expect(await again.getMany(9)).to.deep.equal(['b', 'd'])
    expect(await again.maxsize()).to.equal(9)
    for (let item = 0; item < 3; item++) await again.taskDone()
    await again.join()
    expect(await second.value('v', 1).get(), 'no queue').to.equal(1)
  })

  it('is its own for each name and home; one of a name at a time', async () => {
    const first = await serve({ name: 'A/b' })
    await first.queue('q').put(1)
    const other = await serve({ name: 'a-b' })
    expect(await other.queue('q').empty()).to.equal(true)
    expect(await failureOf(serve({ name: 'A/b' }))).to.include({ code: 'JOURNAL_FAILED' })
    await first.close()
    expect(await (await serve({ name: 'A/b' })).queue('q').get()).to.equal(1)
  })

  it('says that its disk is nearly full, gives what it has, and takes more when there is room', async function () {
    skipWithoutDisk(this)
    const disk = new SmallDisk(32)
    try {
      process.env['P2PJOBS_HOME'] = disk.path
      const queue = (await serve()).queue<string>('q')
      await queue.putMany(['a', 'b'])
      disk.fill()
      // It looks from time to time.
      let items = 2
      const putUntilRefused = async (): Promise<void> => {
        for (; ; items++) await queue.put('c')
      }
      const refused = await failureOf(putUntilRefused())
      expect(refused).to.include({ code: 'JOURNAL_FULL' })
      expect(refused.message).to.match(/'q' takes nothing new, .* make room on it/)
      expect(await queue.get()).to.equal('a')
      disk.makeRoom()
      let isPut = false
      while (!isPut) {
        isPut = await queue.put('d').then(
          () => true,
          () => false
        )
      }
      expect(await queue.getMany(items)).to.have.length(items)
      await open.pop()?.close()
    } finally {
      disk.remove()
    }
  })
})
