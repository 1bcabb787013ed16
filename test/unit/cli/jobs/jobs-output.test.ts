import { expect } from 'chai'
import { JobsOutput } from '../../../../src/cli/jobs/jobs-output.ts'
import { aContext } from '../support.ts'
import type { TestContext } from '../support.ts'
import { aSettled, inChunks, notice } from './support.ts'

describe('JobsOutput', () => {
  let context: TestContext
  let output: JobsOutput
  const tally = { finished: 0, failed: 0, canceled: 0 }

  beforeEach(() => {
    context = aContext()
    output = new JobsOutput(context, {
      tally,
      nameOf: () => 'la\u001bb',
      inputOf: (task) => Buffer.from(`echo ${task}\t`)
    })
  })

  it('says what was dispatched, and to whom, with nothing that a terminal obeys', () => {
    output.onNotice(notice.dispatched(1, 2))
    expect(context.written.stdout).to.equal(
      'dispatched 1 to la\\x1bb: echo 1\\t\ndispatched 2 to la\\x1bb: echo 2\\t\n'
    )
  })

  it('says what was taken back, and why', () => {
    output.onNotice(notice.setback(3, 'the lease\nexpired'))
    expect(context.written.stdout).to.equal('took 3 back from la\\x1bb: the lease\\nexpired\n')
  })

  it('says what came back, from whom, and then what it printed, in whole lines', async () => {
    await output.print(aSettled({ text: { stdout: 'one\ntwo', stderr: 'why' } }), inChunks)
    const text = { outcome: 'failure', reason: 'exit status 1' } as const
    await output.print(aSettled({ task: 2, state: 'failed', text }), inChunks)
    expect(context.written).to.deep.equal({
      stdout: 'finished 1 on lab in 7 ms\none\ntwo\nfailed 2 on lab in 7 ms: exit status 1\n',
      stderr: 'why\n'
    })
  })

  it('says so when nobody ran it', async () => {
    const text = { outcome: 'failure', reason: 'given up' } as const
    await output.print(aSettled({ state: 'aborted', name: '', text }), inChunks)
    expect(context.written.stdout).to.equal('aborted 1 in 7 ms: given up\n')
  })

  it('keeps other lines out of the output of a task', async () => {
    const printing = output.print(aSettled({ text: { stdout: 'one line\n' } }), inChunks)
    output.onNotice(notice.dispatched(2))
    await printing
    output.onNotice(notice.dispatched(3))
    expect(context.written.stdout.split('\n').map((line) => line.slice(0, 12))).to.deep.equal([
      'finished 1 o',
      'one line',
      'dispatched 2',
      'dispatched 3',
      ''
    ])
  })

  it('keeps no line back when an output cannot be read', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('begun')
      output.onNotice(notice.dispatched(2))
      await Promise.resolve()
      throw new Error('gone')
    }
    const failure: unknown = await output
      .print(aSettled({}), broken)
      .catch((error: unknown) => error)
    expect(failure).to.have.property('message', 'gone')
    output.onNotice(notice.dispatched(3))
    expect(context.written.stdout).to.match(/dispatched 2 .*\ndispatched 3 /)
  })

  it('says in the end how many tasks ended how', async () => {
    await output.end()
    Object.assign(tally, { finished: 1, failed: 2, canceled: 3 })
    await output.end()
    expect(context.written.stderr).to.equal(
      'p2pjobs: 0 tasks finished, 0 failed\np2pjobs: 1 task finished, 2 failed, 3 canceled\n'
    )
  })
})
