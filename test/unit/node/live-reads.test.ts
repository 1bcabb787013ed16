import { expect } from 'chai'
import type { NodeId } from '../../../src/core/types.ts'
import { LiveReads } from '../../../src/node/live-reads.ts'
import type { LiveReadsInit } from '../../../src/node/live-reads.ts'

const MASTER = 'master' as NodeId

/** Sessions whose links let go of what was sent when the test says so. */
class Links {
  readonly done: string[] = []
  readonly #held = new Map<number, PromiseWithResolvers<undefined>>()
  readonly reads: LiveReads

  constructor(init: Partial<LiveReadsInit> = {}) {
    this.reads = new LiveReads({
      linkOf: (_master, session) => ({
        flushed: () => this.#held.get(session)?.promise ?? Promise.resolve()
      }),
      read: (run, { stream, offset }) => {
        this.done.push(`${run} ${stream} ${offset}`)
        return Promise.resolve(undefined)
      },
      onRead: (read) => this.done.push(`read ${read}`),
      ...init
    })
  }

  hold(session: number): PromiseWithResolvers<undefined> {
    const held = Promise.withResolvers<undefined>()
    this.#held.set(session, held)
    return held
  }

  letGo(session: number): void {
    const held = this.#held.get(session)
    this.#held.delete(session)
    held?.resolve(undefined)
  }

  add(read: number, session = 1): void {
    const range = { stream: 'stdout' as const, offset: 0, bytesMax: 10 }
    this.reads.add({ type: 'read', master: MASTER, session, read, run: read, ...range })
  }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
}

describe('reads at a worker', () => {
  it('are done, and told', async () => {
    const links = new Links()
    links.add(7)
    await turns()
    expect(links.done).to.deep.equal(['7 stdout 0', 'read 7'])
    expect(links.reads.size).to.equal(0)
  })

  it('wait until what their session has sent has left; others do not', async () => {
    const links = new Links()
    links.hold(1)
    links.add(1, 1)
    links.add(2, 2)
    await turns()
    expect(links.done).to.deep.equal(['2 stdout 0', 'read 2'])
    links.letGo(1)
    await turns()
    expect(links.done.slice(2)).to.deep.equal(['1 stdout 0', 'read 1'])
  })

  it('are few at a time, however many there are', async () => {
    const waiting: (() => void)[] = []
    const read = (): Promise<undefined> =>
      new Promise((resolve) => waiting.push(() => resolve(undefined)))
    const links = new Links({ read })
    for (let each = 1; each <= 100; each++) links.add(each)
    await turns()
    let most = 0
    for (let served = 0; served < 100; served++) {
      most = Math.max(most, waiting.length)
      waiting.shift()!()
      await turns()
    }
    expect(most).to.equal(4)
    expect(links.done).to.have.length(100)
    expect(links.reads.size).to.equal(0)
  })

  it('of a session that is over are not done', async () => {
    const links = new Links()
    const held = links.hold(1)
    links.add(1)
    held.reject(new Error('the stream is reset'))
    const gone = new Links({ linkOf: () => undefined })
    gone.add(2)
    await turns()
    expect([...links.done, ...gone.done]).to.deep.equal([])
    expect(links.reads.size + gone.reads.size).to.equal(0)
  })
})
