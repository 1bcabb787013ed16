import { expect } from 'chai'
import type { NodeId } from '../../../src/core/types.ts'
import { keepLinked } from '../../../src/node/local-session.ts'

describe('the session of a process with itself', () => {
  /** Serves sessions that end like this, one after the other. */
  async function linkedTimes(ends: readonly boolean[], stopAfter = Infinity): Promise<number> {
    let sessions = 0
    let accepted = 0
    await keepLinked(
      { accept: () => accepted++, epoch: 'epoch' },
      { serve: () => Promise.resolve(ends[sessions++] ?? true) },
      {
        id: 'local' as NodeId,
        share: () => Promise.resolve(),
        isStopped: () => sessions >= stopAfter
      }
    )
    expect(accepted).to.equal(sessions)
    return sessions
  }

  it('is opened again when it was lost, and not when the worker has left', async () => {
    expect(await linkedTimes([true])).to.equal(1)
    expect(await linkedTimes([false, false, true])).to.equal(3)
  })

  it('is not opened again when the node is stopped', async () => {
    expect(await linkedTimes([false, false, false], 2)).to.equal(2)
    expect(await linkedTimes([false], 0)).to.equal(0)
  })
})
