/** An fsync that fails: nobody knows what is on the disk, so nothing of it may count. */
import { expect } from 'chai'
import { FailingSyncs, skipWithoutStrace } from '../support/failing-syncs.ts'
import { journalChild } from '../support/journal-processes.ts'
import type { LineProcess } from '../support/line-process.ts'
import { Journals } from '../support/journals.ts'

describe('journal whose fsync fails', function () {
  this.timeout(60_000)
  const journals = new Journals()
  let path: string
  let child: LineProcess
  let failing: FailingSyncs | undefined

  before(async function () {
    await skipWithoutStrace(this)
  })

  beforeEach(async () => {
    path = journals.path()
    child = journalChild('asked', path)
    await child.line(/open/)
  })

  afterEach(async () => {
    await failing?.end()
    failing = undefined
    await child.stop('SIGKILL')
    await journals.end()
  })

  async function submit(id: number): Promise<string> {
    child.child.stdin.write(`${id}\n`)
    const line = await child.line((text) => text.startsWith(`job ${id}: `))
    return line.slice(`job ${id}: `.length)
  }

  async function jobsOnDisk(): Promise<number[]> {
    const journal = await journals.open(path)
    return (await journal.jobs(10)).map(({ job }) => job)
  }

  it('acknowledges nothing meanwhile, and works again by itself', async () => {
    expect(await submit(1)).to.equal('done')
    failing = await FailingSyncs.of(child.pid)
    for (const id of [2, 3]) expect(await submit(id)).to.equal('JOURNAL_FAILED')
    await failing.end()
    expect(await submit(4)).to.equal('done')
    child.child.stdin.end()
    await child.ended
    expect(await jobsOnDisk()).to.deep.equal([4, 1])
  })

  it('has nothing of what was refused, also when its process is killed then', async () => {
    expect(await submit(1)).to.equal('done')
    failing = await FailingSyncs.of(child.pid)
    expect(await submit(2)).to.equal('JOURNAL_FAILED')
    await child.stop('SIGKILL')
    expect(await jobsOnDisk()).to.deep.equal([1])
  })
})
