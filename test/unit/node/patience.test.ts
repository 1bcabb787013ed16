import { expect } from 'chai'
import { P2pJobsError } from '../../../src/core/errors.ts'
import type { ErrorCode } from '../../../src/core/errors.ts'
import { patiently } from '../../../src/node/patience.ts'
import type { PatienceClock } from '../../../src/node/patience.ts'

const away = (code: ErrorCode = 'UNREACHABLE'): P2pJobsError => new P2pJobsError(code, 'away')

describe('patience', () => {
  let time: number
  let slept: number[]
  let said: string[]
  let ending: AbortController
  let onSleep: () => void
  beforeEach(() => {
    time = 0
    slept = []
    said = []
    ending = new AbortController()
    onSleep = () => undefined
  })

  const clock: PatienceClock = {
    now: () => time,
    sleep: async (ms, signal) => {
      slept.push(ms)
      time += ms
      onSleep()
      await Promise.resolve()
      if (signal.aborted) throw new Error('woken')
    }
  }

  /** Does one of these after the other: an error is thrown, `reached` is told, text is the end. */
  async function does(...steps: readonly (P2pJobsError | Error | 'reached' | 'done')[]) {
    const left = [...steps]
    const work = async (onReached: () => void): Promise<string> => {
      await Promise.resolve()
      for (;;) {
        const step = left.length > 1 ? left.shift() : left[0]
        if (step instanceof Error) throw step
        if (step === 'reached') onReached()
        else return String(step)
      }
    }
    const init = {
      awayMaxMs: 60_000,
      signal: ending.signal,
      onAway: () => said.push('away'),
      onBack: () => said.push('back')
    }
    return await patiently(init, work, clock).catch((error: unknown) => error)
  }

  it('says nothing of a master that is there', async () => {
    expect(await does('reached', 'done')).to.equal('done')
    expect({ said, slept }).to.deep.equal({ said: [], slept: [] })
  })

  it('tries again, more and more rarely, and says once that it is away and back', async () => {
    const nine = Array.from({ length: 9 }, (_, at) => away(at % 2 === 0 ? 'NO_DAEMON' : undefined))
    expect(await does('reached', ...nine, 'reached', 'done')).to.equal('done')
    expect(said).to.deep.equal(['away', 'back'])
    expect(slept).to.deep.equal([50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000])
  })

  it('has all its patience again for a master that goes away again', async () => {
    expect(await does(away(), away(), 'reached', away(), 'reached', 'done')).to.equal('done')
    expect(said).to.deep.equal(['away', 'back', 'away', 'back'])
    expect(slept).to.deep.equal([50, 100, 50])
  })

  it('gives up with the last error when it was away for too long', async () => {
    const error = away()
    expect(await does(error)).to.equal(error)
    expect(time).to.be.within(60_000, 61_000)
    expect(said).to.deep.equal(['away'])
  })

  it('throws every other error at once', async () => {
    for (const error of [away('NOT_FOUND'), away('REFUSED'), new Error('a bug')]) {
      expect(await does('reached', error)).to.equal(error)
    }
    expect({ said, slept }).to.deep.equal({ said: [], slept: [] })
  })

  it('ends with the reason of its signal, while it waits and while it works', async () => {
    const reason = new Error('enough')
    onSleep = () => ending.abort(reason)
    expect(await does(away())).to.equal(reason)
    expect(slept).to.have.length(1)
    const error = away()
    expect(await does(error)).to.equal(error)
    expect(slept).to.have.length(1)
  })
})
