import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import type { NodeId } from '../../../src/core/types.ts'
import type { FrameStream } from '../../../src/net/frame-stream.ts'
import { SessionKeeper } from '../../../src/node/session-keeper.ts'
import { until } from '../../support/until.ts'

const DESK = 'desk' as NodeId

/** A session that the keeper has asked for: its stream comes, and it ends, when the test says so. */
interface Asked {
  opens(): Promise<void>
  fails(): Promise<void>
  ends(hasLeft?: boolean): Promise<void>
  isAborted: boolean
}

describe('session keeper', () => {
  let asked: Asked[]
  let served: string[]
  let problems: string[]
  let keeper: SessionKeeper

  beforeEach(() => {
    asked = []
    served = []
    problems = []
    const running = new Map<FrameStream, PromiseWithResolvers<boolean>>()
    keeper = new SessionKeeper({
      network: { openWork: open },
      worker: {
        serve: async (master, epoch) => {
          served.push(`${master} ${epoch}`)
          return await running.get(latest!)!.promise
        }
      },
      obtainBlob: () => () => Promise.resolve(),
      onClosed: () => undefined,
      onProblem: (text) => problems.push(text)
    })
    let latest: FrameStream | undefined

    async function open(): Promise<FrameStream> {
      const opening = Promise.withResolvers<FrameStream>()
      const over = Promise.withResolvers<boolean>()
      const session: Asked = {
        isAborted: false,
        opens: async () => {
          const abort = (): void => void (session.isAborted = true)
          latest = { abort } as unknown as FrameStream
          running.set(latest, over)
          opening.resolve(latest)
          await nextTurn()
        },
        fails: async () => {
          opening.reject(new Error('no way there'))
          await nextTurn()
        },
        ends: async (hasLeft = false) => {
          over.resolve(hasLeft)
          await nextTurn()
        }
      }
      asked.push(session)
      return await opening.promise
    }
  })

  afterEach(() => keeper.stop())

  it('opens one session with a master, however often it is told of it', async () => {
    for (let times = 0; times < 3; times++) keeper.keep(DESK, 'epoch-1')
    await asked[0]!.opens()
    keeper.keep(DESK, 'epoch-1')
    expect(asked).to.have.length(1)
    expect(served).to.deep.equal(['desk epoch-1'])
  })

  it('opens another one when it has ended, and when it could not be opened', async () => {
    keeper.keep(DESK, 'epoch-1')
    await asked[0]!.opens()
    await asked[0]!.ends()
    await until(() => asked.length === 2, 'it is opened again')
    await asked[1]!.fails()
    await until(() => asked.length === 3, 'it is opened once more')
    expect(problems).to.deep.equal(['no session with desk: no way there'])
  })

  it('opens none any more with a master that is not there', async () => {
    keeper.keep(DESK, 'epoch-1')
    await asked[0]!.opens()
    keeper.forget(DESK)
    await asked[0]!.ends()
    keeper.keep(DESK, 'epoch-1')
    expect(asked).to.have.length(2)
    keeper.forget(DESK)
    await asked[1]!.fails()
    expect(problems).to.deep.equal([])
  })

  it('does not let a session of an earlier epoch take the place of a later one', async () => {
    keeper.keep(DESK, 'epoch-1')
    keeper.keep(DESK, 'epoch-2')
    const [first, second] = asked
    await second!.opens()
    await first!.opens()
    expect(served).to.deep.equal(['desk epoch-2'])
    expect([first!.isAborted, second!.isAborted]).to.deep.equal([true, false])
  })
})
