import { expect } from 'chai'
import { expectDocumented } from '../../../support/outcomes.ts'
import type { JsonLine } from '../../../support/line-process.ts'
import { failureLine, resultEvent } from '../../../../src/cli/jobs/result-lines.ts'
import type { BlobId, Payload } from '../../../../src/core/types.ts'
import type { Settled } from '../../../../src/cli/jobs/printer.ts'
import { aResult, aSettled, inChunks } from './support.ts'

async function eventOf(settled: Settled): Promise<JsonLine> {
  const text = [...(await resultEvent(settled, inChunks))].join('')
  expect(text).to.match(/^\{[^\n]*\}\n$/)
  const line = JSON.parse(text) as JsonLine
  expectDocumented([line])
  return line
}

describe('resultEvent', () => {
  it('has everything about a task', async () => {
    const text = {
      stdout: 'out\n',
      stderr: 'err',
      outcome: 'failure',
      reason: 'exit status 1'
    } as const
    expect(await eventOf(aSettled({ task: 3, attempt: 2, state: 'failed', text }))).to.deep.equal({
      event: 'result',
      task: 3,
      attempt: 2,
      state: 'failed',
      worker: '12D3KooWlab',
      name: 'lab',
      input: 'argument',
      outcome: 'failure',
      reason: 'exit status 1',
      exitCode: 1,
      signal: null,
      stdout: 'out\n',
      stderr: 'err',
      startedAt: '2026-01-02T03:04:05.006Z',
      runtimeMs: 7
    })
  })

  it('says with null what there is not', async () => {
    const text = { outcome: 'failure', exitCode: undefined, signal: 'SIGKILL' } as const
    const line = await eventOf(aSettled({ worker: undefined, name: '', text }))
    expect(line).to.include({ worker: null, name: '', exitCode: null, signal: 'SIGKILL' })
  })

  it('has bytes that are not UTF-8 as base64, each field for itself', async () => {
    const [stdout, input] = [Buffer.from([0xff, 0]), Buffer.from([0xc3])]
    const line = await eventOf(aSettled({ input, text: { stdout, stderr: 'ü' } }))
    expect(line).to.include({ stdoutBase64: '/wA=', inputBase64: 'ww==', stderr: 'ü' })
    expect(line).to.not.have.any.keys('stdout', 'input', 'stderrBase64')
  })

  it('has a character whole that came in two chunks', async () => {
    expect(await eventOf(aSettled({ text: { stdout: 'aü' } }))).to.include({ stdout: 'aü' })
  })

  it('has the first 64 MiB of an output, and says how much there was', async function () {
    this.timeout(20_000)
    const chunk = Buffer.alloc(16 * 1024 * 1024, 'x')
    const long = { blob: 'long' as BlobId, bytes: 5 * chunk.length }
    const result = { ...aResult({ stderr: 'short' }), stdout: long }
    async function* read(payload: Payload): AsyncGenerator<Uint8Array> {
      if (payload === result.stderr) yield* inChunks(payload)
      else for (let count = 0; count < 5; count++) yield chunk
    }
    const pieces = await resultEvent(aSettled({ result }), read)
    const line = JSON.parse([...pieces].join('')) as JsonLine
    expectDocumented([line])
    expect(String(line['stdout']).length).to.equal(4 * chunk.length)
    expect(line['stdoutBytes']).to.equal(5 * chunk.length)
    expect(line['stderr']).to.equal('short')
  })
})

describe('failureLine', () => {
  it('says which task failed where and why, in one line', () => {
    const reason = 'ran longer than its time limit of 1 s'
    const failed = aSettled({ task: 7, state: 'failed', text: { outcome: 'timeout', reason } })
    expect(failureLine(failed)).to.equal(`p2pjobs: task 7 failed on lab: ${reason}\n`)
    expect(failureLine({ ...failed, name: '' })).to.equal(`p2pjobs: task 7 failed: ${reason}\n`)
  })

  it('escapes what workers say', () => {
    const text = { outcome: 'refused', reason: 'no\n\u001b[2J' } as const
    expect(failureLine(aSettled({ state: 'failed', name: 'la\nb', text }))).to.equal(
      'p2pjobs: task 1 failed on la\\nb: no\\n\\x1b[2J\n'
    )
  })
})
