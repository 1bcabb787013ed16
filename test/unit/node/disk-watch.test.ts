/** What is told of a disk, and how often it is looked at. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import { diskLine, DiskWatch } from '../../../src/node/disk-watch.ts'

const FULL = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })

describe('DiskWatch', () => {
  let told: boolean[]
  let slept: number
  /** Ends the sleep that goes on, if one does. */
  let wake: (() => void) | undefined
  let isFull: boolean
  let watch: DiskWatch

  beforeEach(() => {
    ;[told, slept, wake, isFull] = [[], 0, undefined, true]
    const onChanged = (full: boolean): void => void told.push(full)
    const tools = {
      hasSpace: (folder: string) => Promise.resolve(folder === '/full' && !isFull),
      sleep: async (ms: number, signal: AbortSignal) => {
        slept += ms
        await new Promise<void>((resolve) => {
          wake = resolve
          signal.addEventListener('abort', () => resolve())
        })
      }
    }
    watch = new DiskWatch({ folder: '/full', onChanged }, tools)
  })

  afterEach(() => watch.stop())

  /** A look at the disk, and what comes of it. */
  async function look(): Promise<void> {
    wake?.()
    await nextTurn()
  }

  it('is told once to be full, and once to have space, whenever that changes', async () => {
    watch.note(FULL)
    watch.noteFull()
    expect(told).to.deep.equal([true])
    expect(watch.isFull).to.equal(true)
    await look()
    await look()
    expect(told).to.deep.equal([true])
    expect(slept).to.equal(6_000)
    isFull = false
    await look()
    expect(told).to.deep.equal([true, false])
    expect(watch.isFull).to.equal(false)
    await look()
    expect(slept).to.equal(6_000)
    watch.noteFull()
    expect(told).to.deep.equal([true, false, true])
  })

  it('does not take other trouble for want of space', () => {
    watch.note(new Error('EIO'))
    watch.note('so')
    expect(told).to.deep.equal([])
  })

  it('tells nothing once it is stopped', async () => {
    watch.noteFull()
    watch.stop()
    isFull = false
    await look()
    watch.noteFull()
    expect(told).to.deep.equal([true])
  })
})

describe('diskLine', () => {
  it('says which disk is full and what to do, and that it has space again', () => {
    const full = { folder: '/home/lab', isFull: true }
    expect(diskLine(full, true)).to.match(
      /^the disk of \/home\/lab is full: .* make room on it, or forget/
    )
    expect(diskLine(full, false)).to.match(/; make room on it$/)
    expect(diskLine({ ...full, isFull: false }, true)).to.match(
      /^the disk of \/home\/lab has space/
    )
  })
})
