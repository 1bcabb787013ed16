import { expect } from 'chai'
import type { Spec } from '../../../../src/core/spec.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { Publication } from '../../../../src/cli/jobs/publish.ts'
import { JOB, LAB, notice, settle, TestMaster } from './support.ts'

const SPEC = { kind: 'shell', command: 'echo' } as Spec

describe('Publication', () => {
  let master: TestMaster
  let publication: Publication
  let printed: string[]
  const running = new AbortController().signal

  beforeEach(() => {
    master = new TestMaster()
    printed = []
    publication = new Publication({
      spec: SPEC,
      options: { priority: 0, retries: 0 },
      keepOrder: false,
      print: ({ task, state, name, input }) => {
        printed.push(`${state} ${task} on ${name}: ${Buffer.from(input).toString()}`)
        return Promise.resolve()
      }
    })
  })

  const inputs = (...texts: string[]): Uint8Array[] => texts.map((text) => Buffer.from(text))

  /** What becomes of `run`, as far as it has come. */
  function follow(run: Promise<void>): { outcome: string } {
    const state = { outcome: 'running' }
    run.then(
      () => (state.outcome = 'ended'),
      (error: unknown) => (state.outcome = (error as Error).message)
    )
    return state
  }

  it('publishes its inputs, and ends when all tasks have ended and are printed', async () => {
    const run = follow(publication.run(master, inputs('a', 'b'), running))
    await settle()
    expect(master.calls).to.deep.equal(['submit', 'add a b', 'close'])
    expect(publication.total).to.deep.equal({ inputs: 2, isComplete: true })
    for (const each of [notice.joined(), notice.dispatched(1, 2), notice.settled(2)]) {
      publication.onNotice(each)
    }
    await settle()
    expect(run.outcome).to.equal('running')
    publication.onNotice(notice.settled(1, 'failed'))
    publication.onNotice(notice.ended())
    await settle()
    expect(run.outcome).to.equal('ended')
    expect(printed).to.deep.equal(['finished 2 on lab: b', 'failed 1 on lab: a'])
    expect(publication.tally).to.deep.equal({ finished: 1, failed: 1, canceled: 0 })
  })

  it('counts an aborted task as failed', async () => {
    void publication.run(master, inputs('a'), running)
    await settle()
    publication.onNotice(notice.settled(1, 'aborted'))
    expect(publication.tally).to.deep.equal({ finished: 0, failed: 1, canceled: 0 })
  })

  it('knows the names of the workers that are there, and the inputs of open tasks', async () => {
    void publication.run(master, inputs('a', 'b'), running)
    await settle()
    expect(publication.nameOf(undefined)).to.equal('')
    expect(publication.nameOf(LAB)).to.equal(LAB)
    publication.onNotice(notice.joined())
    publication.onNotice(notice.joined('12D3KooWdesk' as NodeId, 'desk'))
    expect([publication.nameOf(LAB), publication.workers]).to.deep.equal(['lab', 2])
    publication.onNotice(notice.settled(1))
    publication.onNotice(notice.parted())
    expect([publication.nameOf(LAB), publication.workers]).to.deep.equal([LAB, 1])
    await settle()
    expect(printed).to.deep.equal(['finished 1 on lab: a'])
    expect([1, 2].map((task) => Buffer.from(publication.inputOf(task)).toString())).to.deep.equal([
      '',
      'b'
    ])
  })

  it('says how many tasks run', async () => {
    expect(publication.running).to.equal(0)
    void publication.run(master, inputs('a'), running)
    await settle()
    expect(publication.running).to.equal(0)
    master.state.jobs.set(1, { counts: { running: 3 } })
    expect(publication.running).to.equal(3)
  })

  describe('that is stopped', () => {
    beforeEach(() => {
      master.onCancel = () => {
        publication.onNotice(notice.settled(1, 'canceled'))
        publication.onNotice(notice.ended())
      }
    })

    it('cancels its tasks, and prints what had ended', async () => {
      const stopping = new AbortController()
      const run = follow(publication.run(master, inputs('a', 'b'), stopping.signal))
      await settle()
      publication.onNotice(notice.settled(2))
      stopping.abort()
      await settle()
      expect(run.outcome).to.equal('ended')
      expect(printed).to.deep.equal([`finished 2 on ${LAB}: b`])
      expect(publication.tally).to.deep.equal({ finished: 1, failed: 0, canceled: 1 })
      // The output of the canceled one is let go unread.
      expect(master.released).to.have.length(2)
    })

    it('does so although its source may bring more', async () => {
      const stopping = new AbortController()
      async function* source(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('a')
        await new Promise(() => undefined)
      }
      const run = follow(publication.run(master, source(), stopping.signal))
      await settle()
      stopping.abort()
      await settle()
      expect(run.outcome).to.equal('ended')
    })

    it('publishes nothing when that was before it began', async () => {
      const run = follow(publication.run(master, inputs('a'), AbortSignal.abort()))
      await settle()
      expect(run.outcome).to.equal('ended')
      expect(master.calls).to.deep.equal(['submit', 'cancel'])
    })

    it('cancels everything when its source fails, and rejects then', async () => {
      async function* source(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('a')
        await Promise.resolve()
        throw new Error('cannot read')
      }
      const run = follow(publication.run(master, source(), running))
      await settle()
      expect(master.calls).to.include('cancel')
      expect(run.outcome).to.equal('cannot read')
    })
  })

  describe('of a master that goes on without us', () => {
    let leaving: AbortController
    let stopping: AbortController
    beforeEach(() => {
      leaving = new AbortController()
      stopping = new AbortController()
    })

    it('is left with all its inputs, and what has come is printed', async () => {
      const run = publication.run(master, inputs('a', 'b'), running, leaving.signal)
      await settle()
      publication.onNotice(notice.joined())
      publication.onNotice(notice.settled(1))
      leaving.abort()
      await run
      expect(printed).to.deep.equal(['finished 1 on lab: a'])
      expect(master.calls).to.deep.equal(['submit', 'add a b', 'close'])
      expect(publication).to.include({ job: 1, hasEnded: false })
    })

    it('is left at once when that was asked for before, with all its inputs', async () => {
      leaving.abort()
      await publication.run(master, inputs('a', 'b'), running, leaving.signal)
      expect(master.calls).to.deep.equal(['submit', 'add a b', 'close'])
    })

    it('is canceled before it is left, when both were asked for', async () => {
      const canceled = Promise.withResolvers<undefined>()
      const slow = Object.assign(master, { cancel: () => canceled.promise })
      const run = publication.run(slow, inputs('a'), stopping.signal, leaving.signal)
      const state = follow(run)
      await settle()
      stopping.abort()
      leaving.abort()
      await settle()
      expect(state.outcome).to.equal('running')
      canceled.resolve(undefined)
      await run
      expect(state.outcome).to.equal('ended')
    })

    it('fails when it cannot be canceled', async () => {
      const failing = Object.assign(master, {
        cancel: () => Promise.reject(new Error('no journal'))
      })
      const state = follow(publication.run(failing, inputs('a'), stopping.signal))
      await settle()
      stopping.abort()
      await settle()
      expect(state.outcome).to.equal('no journal')
    })

    it('is followed to its end, with the inputs that are told', async () => {
      const followed: number[] = []
      const there = Object.assign(master, { follow: (job: number) => void followed.push(job) })
      const state = follow(publication.follow(there, JOB, stopping.signal, leaving.signal))
      publication.onNotice(notice.joined())
      publication.noteInput(2, Buffer.from('b'))
      publication.onNotice(notice.settled(2, 'failed'))
      publication.onNotice(notice.settled(1))
      await settle()
      expect(printed).to.deep.equal(['failed 2 on lab: b', 'finished 1 on lab: '])
      expect(state.outcome).to.equal('running')
      publication.onNotice(notice.ended())
      await settle()
      expect(state.outcome).to.equal('ended')
      expect(followed).to.deep.equal([JOB])
      expect(master.calls).to.deep.equal([])
      expect(publication).to.deep.include({
        hasEnded: true,
        tally: { finished: 1, failed: 1, canceled: 0 }
      })
    })

    for (const keepOrder of [false, true]) {
      it(`has ${keepOrder ? 'always ' : ''}room for results${keepOrder ? ' with -k' : ', up to a bound'}`, async () => {
        let go: () => void = () => undefined
        const print = (): Promise<void> => new Promise((resolve) => (go = resolve))
        const options = { priority: 0, retries: 0 }
        const slow = new Publication({ spec: SPEC, options, keepOrder, print })
        const there = Object.assign(master, { follow: () => undefined })
        void slow.follow(there, JOB, stopping.signal, leaving.signal)
        for (let task = 1; task <= 1_000; task++) slow.onNotice(notice.settled(task))
        await settle()
        let hasRoom = false
        void slow.room().then(() => (hasRoom = true))
        await settle()
        expect(hasRoom).to.equal(keepOrder)
        go()
        await settle()
        expect(hasRoom).to.equal(true)
      })
    }

    it('is left, or canceled, while it is followed', async () => {
      const there = Object.assign(master, { follow: () => undefined })
      const state = follow(publication.follow(there, JOB, stopping.signal, leaving.signal))
      stopping.abort()
      await settle()
      expect(master.calls).to.deep.equal(['cancel'])
      expect(state.outcome).to.equal('running')
      leaving.abort()
      await settle()
      expect(state.outcome).to.equal('ended')
    })
  })
})
