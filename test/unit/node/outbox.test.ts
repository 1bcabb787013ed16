import { expect } from 'chai'
import type { MasterEffect } from '../../../src/core/master/events.ts'
import type { JournalRecord } from '../../../src/core/master/journal.ts'
import type { JobId, NodeId } from '../../../src/core/types.ts'
import { Outbox } from '../../../src/node/outbox.ts'
import { until } from '../../support/until.ts'

const WORKER = 'worker' as NodeId
const JOB = 1 as JobId

/** An effect that needs a record, and one that does not; each with a number to know it by. */
function record(attempt: number): MasterEffect {
  const attempts = [{ job: JOB, task: 1, attempt }]
  return { type: 'journal', record: { type: 'leased', worker: WORKER, attempts } }
}

function send(session: number): MasterEffect {
  return { type: 'send', worker: WORKER, session, message: { type: 'drain' }, patienceMs: 0 }
}

interface Commit {
  readonly attempts: readonly number[]
  readonly done: PromiseWithResolvers<undefined>
}

function attemptsOf(records: readonly JournalRecord[]): number[] {
  return records.flatMap((each) =>
    each.type === 'leased' ? each.attempts.map(({ attempt }) => attempt) : []
  )
}

interface TestOutbox {
  readonly outbox: Outbox<MasterEffect, JournalRecord>
  readonly commits: Commit[]
  readonly sent: number[]
  readonly said: string[]
}

/** An outbox to a journal whose commits end when the test says so. */
function anOutbox(): TestOutbox {
  const commits: Commit[] = []
  const sent: number[] = []
  const said: string[] = []
  const outbox = new Outbox<MasterEffect, JournalRecord>({
    recordsOf: ({ record }) => (record.type === 'leased' ? [record] : []),
    commit: async (records) => {
      const done = Promise.withResolvers<undefined>()
      commits.push({ attempts: attemptsOf(records), done })
      await done.promise
    },
    perform: (effects) => {
      for (const effect of effects) if (effect.type === 'send') sent.push(effect.session)
    },
    onStuck: ({ message }) => said.push(message),
    onRecovered: () => said.push('recovered')
  })
  return { outbox, commits, sent, said }
}

describe('Outbox', () => {
  it('performs what needs no record at once', () => {
    const { outbox, sent, commits } = anOutbox()
    outbox.add([send(1)])
    expect(sent).to.deep.equal([1])
    expect(commits).to.deep.equal([])
  })

  it('performs nothing before its records are on disk', async () => {
    const { outbox, sent, commits } = anOutbox()
    outbox.add([record(1), send(1)])
    expect(sent).to.deep.equal([])
    commits[0]?.done.resolve(undefined)
    await outbox.flushed()
    expect(sent).to.deep.equal([1])
  })

  it('keeps the order: what needs no record waits for what came before', async () => {
    const { outbox, sent, commits } = anOutbox()
    outbox.add([record(1), send(1)])
    outbox.add([send(2)])
    expect(sent).to.deep.equal([])
    commits[0]?.done.resolve(undefined)
    await outbox.flushed()
    expect(commits).to.have.lengthOf(1)
    expect(sent).to.deep.equal([1, 2])
  })

  it('commits together what came while it committed', async () => {
    const { outbox, sent, commits } = anOutbox()
    for (const number of [1, 2, 3]) outbox.add([record(number), send(number)])
    commits[0]?.done.resolve(undefined)
    await until(() => commits.length === 2, 'the next commit began')
    expect(commits.map(({ attempts }) => attempts)).to.deep.equal([[1], [2, 3]])
    expect(sent).to.deep.equal([1])
    commits[1]?.done.resolve(undefined)
    await outbox.flushed()
    expect(sent).to.deep.equal([1, 2, 3])
  })

  it('tries again what could not be committed, with what came since, and says so once', async function () {
    this.timeout(10_000)
    const { outbox, sent, commits, said } = anOutbox()
    outbox.add([record(1), send(1)])
    commits[0]?.done.reject(new Error('the disk is full'))
    await until(() => outbox.isStuck, 'the commit had failed')
    outbox.add([record(2), send(2)])
    await until(() => commits.length === 2, 'the next commit began')
    commits[1]?.done.reject(new Error('the disk is full'))
    await until(() => commits.length === 3, 'it was tried once more')
    expect(sent).to.deep.equal([])
    commits[2]?.done.resolve(undefined)
    await outbox.flushed()
    expect(commits.map(({ attempts }) => attempts)).to.deep.equal([[1], [1, 2], [1, 2]])
    expect(sent).to.deep.equal([1, 2])
    expect(said).to.deep.equal(['the disk is full', 'recovered'])
    expect(outbox.isStuck).to.equal(false)
  })

  it('performs nothing any more once it is stopped', async () => {
    const { outbox, sent, commits } = anOutbox()
    outbox.add([record(1), send(1)])
    outbox.stop()
    commits[0]?.done.resolve(undefined)
    await commits[0]?.done.promise
    await new Promise(setImmediate)
    expect(sent).to.deep.equal([])
  })

  it('leaves out what was committed ahead', () => {
    const { outbox, sent, commits } = anOutbox()
    outbox.add([{ type: 'journal', record: { type: 'closed', job: JOB } }, send(1)])
    expect(commits).to.deep.equal([])
    expect(sent).to.deep.equal([1])
  })
})
