/** What a node does with the calls of a child's tasks, whatever the child sends. */
import { expect } from 'chai'
import { TASK_CALLS_MAX, TASK_MANAGERS_MAX } from '../../../../src/core/limits.ts'
import type { Answer, Call } from '../../../../src/core/manager/calls.ts'
import { FrameCutter, FrameWriter } from '../../../../src/exec/functions/child-frames.ts'
import { FromChild } from '../../../../src/exec/functions/child-messages.ts'
import {
  readAnswer,
  writeAnswer,
  writeCall,
  writeCallError,
  writeCancel
} from '../../../../src/exec/functions/relay-messages.ts'
import { Relay } from '../../../../src/exec/functions/relay.ts'

const CALL: Call = { handle: 1, op: 'acquire', timeoutMs: undefined, args: [], values: [] }
const OK: Answer = { request: 1, status: 'ok', args: [true, 7], values: [] }

describe('relay', () => {
  const told: string[] = []
  const answers: PromiseWithResolvers<Answer>[] = []
  const calls: Call[] = []
  let relay: Relay

  beforeEach(() => {
    told.length = answers.length = calls.length = 0
    relay = new Relay(
      (manager) => ({
        call: (call) => {
          const answer = Promise.withResolvers<Answer>()
          calls.push(call)
          answers.push(answer)
          told.push(`${manager} ${call.op}`)
          return { request: answers.length, answer: answer.promise }
        },
        cancel: (request) => told.push(`cancel ${request}`),
        leave: () => {
          told.push(`left ${manager}`)
          return Promise.resolve()
        }
      }),
      {
        onAnswer: (request, { status }) => told.push(`${request} ${status}`),
        onError: (request, { code }) => told.push(`${request} ${code}`)
      }
    )
  })

  function send(write: (out: FrameWriter) => void): void {
    const out = new FrameWriter()
    write(out)
    new FrameCutter(1024 * 1024).cut(Buffer.concat(out.take()), (frame) => {
      if (frame[0] === FromChild.part) relay.onPart(frame)
      else if (frame[0] === FromChild.cancel) relay.onCancel(frame)
      else relay.onCall(frame, (seq) => seq < 10)
    })
  }

  function ask(seq: number, request: number, manager = 'm', call = CALL): void {
    send((out) => writeCall(out, { seq, request, manager, call }))
  }

  const settled = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

  it('makes calls of each task as a client of its own, until that ends', async () => {
    ask(1, 1)
    ask(2, 2)
    answers[0]?.resolve(OK)
    await settled()
    relay.end(1)
    answers[1]?.resolve(OK)
    await settled()
    expect(told).to.deep.equal(['m acquire', 'm acquire', '1 ok', 'left m', '2 ok'])
  })

  it('tells a task that has ended nothing, and cancels only what waits', async () => {
    ask(1, 1)
    send((out) => writeCancel(out, 1, 1))
    send((out) => writeCancel(out, 1, 5))
    send((out) => writeCancel(out, 3, 1))
    relay.endAll()
    send((out) => writeCancel(out, 1, 1))
    answers[0]?.resolve(OK)
    await settled()
    expect(told).to.deep.equal(['m acquire', 'cancel 1', 'left m'])
  })

  it('believes a child nothing about tasks that it does not have', () => {
    ask(10, 1)
    expect(told).to.deep.equal([])
  })

  it('carries values of any size, and what went wrong', async () => {
    const values = [new Uint8Array(700_000).fill(1), new Uint8Array(0), Uint8Array.of(3)]
    ask(1, 1, 'm', { ...CALL, op: 'put', timeoutMs: 5, args: ['\ud800', null, -1], values })
    const [{ args, timeoutMs, values: got } = CALL] = calls
    expect({ args, timeoutMs }).to.deep.equal({ args: ['\ud800', null, -1], timeoutMs: 5 })
    expect(got.map((value) => Buffer.compare(value, values[got.indexOf(value)]!))).to.deep.equal([
      0, 0, 0
    ])
    answers[0]?.reject(new TypeError('odd'))
    await settled()
    expect(told.at(-1)).to.equal('1 FAULT')
  })

  it('bounds managers and calls', () => {
    for (let at = 0; at <= TASK_MANAGERS_MAX; at++) ask(1, at + 1, `m${at}`)
    expect(told.at(-1)).to.equal(`${TASK_MANAGERS_MAX + 1} LIMIT`)
    expect(() => {
      for (let at = 0; at < TASK_CALLS_MAX; at++) ask(2, at + 1)
    }).to.throw('more calls than may wait')
  })

  it('refuses what no child sends', () => {
    const bad = (what: object): Call => ({ ...CALL, ...what })
    for (const call of [
      bad({ op: 'cancel' }),
      bad({ op: 'nothing' }),
      bad({ handle: -1 }),
      bad({ timeoutMs: 0.5 }),
      bad({ args: [{}] }),
      bad({ args: ['x'.repeat(2_000)] })
    ]) {
      expect(() => ask(1, 1, 'm', call), JSON.stringify(call)).to.throw(RangeError)
    }
    expect(() => ask(1, 1, '')).to.throw('no manager')
    ask(1, 1)
    expect(() => ask(1, 1)).to.throw('two calls of one number')
    for (const payload of ['', '[]', '{}', '["m",1,10,null,[],[9]]', '["m",1,10,null,[],"x"]']) {
      expect(() => {
        send((out) => {
          out.begin(FromChild.call, 12 + payload.length)
          for (const number of [1, 9, payload.length]) out.u32(number)
          out.bytes(Buffer.from(payload))
        })
      }, payload).to.throw()
    }
    expect(() => {
      for (let at = 0; at < 100; at++) {
        send((out) => {
          out.begin(FromChild.part, 1_000_000)
          out.bytes(new Uint8Array(1_000_000))
        })
      }
    }).to.throw('a long call')
  })

  it('answers and errors come out as they went in', () => {
    const out = new FrameWriter()
    const answer: Answer = {
      request: 3,
      status: 'full',
      args: ['a'],
      values: [Uint8Array.of(1, 2)]
    }
    writeAnswer(out, 3, answer)
    writeCallError(out, 4, { code: 'LOST', message: 'why' })
    const read: unknown[] = []
    new FrameCutter(1_000).cut(Buffer.concat(out.take()), (frame) => read.push(readAnswer(frame)))
    const error = { code: 'LOST', message: 'why' }
    expect(JSON.stringify(read)).to.equal(
      JSON.stringify([
        { request: 3, answer: { ...answer, values: [Buffer.of(1, 2)] } },
        { request: 4, answer: error }
      ])
    )
  })
})
