import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import {
  ENTRIES_MAX,
  FRAME_BYTES_MAX,
  INLINE_BYTES_MAX,
  JOB_BYTES_MAX
} from '../../../src/core/limits.ts'
import { Rng } from '../../../src/core/rng.ts'
import { decodeAnswer, encodeAnswer, inChunks } from '../../../src/control/answers.ts'
import {
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeRefusal,
  encodeWelcome,
  versionRefusal
} from '../../../src/control/greeting.ts'
import { decodeRequest, encodeRequest, inRequests } from '../../../src/control/requests.ts'
import { FrameBuilder, FrameParser, messagesOf } from '../../../src/wire/frame.ts'
import type { RawMessage, ReceivedMessage } from '../../../src/wire/frame.ts'
import { answers, requests } from '../../support/control-messages.ts'
import { SPEC } from '../../support/machines.ts'
import { codeOf } from '../../support/code-of.ts'

const DOCUMENT = new URL('../../../docs/PROTOCOL.md', import.meta.url)
const MUTATIONS = 50_000

function frameOf(raw: RawMessage): Uint8Array {
  const builder = new FrameBuilder()
  builder.add(raw)
  return builder.take()[0]!
}

function received(frame: Uint8Array): ReceivedMessage {
  const [body] = [...new FrameParser().push(frame)]
  return messagesOf(body!).next().value as ReceivedMessage
}

/** The example frames of the document: `control NAME  HEX`. */
function examples(): [name: string, frame: Uint8Array][] {
  const text = readFileSync(DOCUMENT, 'utf8')
  return [...text.matchAll(/^control ([a-z]+) +((?:[0-9a-f]{2})+)$/gm)].map(([, name, hex]) => [
    name ?? '',
    Buffer.from(hex ?? '', 'hex')
  ])
}

describe('messages of the control socket', () => {
  it('requests come back as they were', () => {
    for (const request of requests) {
      expect(decodeRequest(received(frameOf(encodeRequest(request))))).to.deep.equal(request)
    }
    const kinds = new Set(requests.map(({ type }) => type))
    expect(kinds.size).to.equal(17)
  })

  it('answers come back as they were', () => {
    for (const answer of answers) {
      expect(decodeAnswer(received(frameOf(encodeAnswer(answer))))).to.deep.equal(answer)
    }
    const kinds = new Set(answers.map(({ type }) => type))
    expect(kinds.size).to.equal(14)
  })

  it('greetings come back as they were, and a refusal is thrown', () => {
    const versions = { oldest: 1, newest: 2, program: 'p2pjobs 1.2.3' }
    const welcome = { ...versions, epoch: 'e', name: 'desk' }
    expect(decodeHello(received(frameOf(encodeHello(versions))))).to.deep.equal(versions)
    expect(decodeWelcome(received(frameOf(encodeWelcome(welcome))))).to.deep.equal(welcome)
    const refusal = received(frameOf(encodeRefusal(versions, 'not you')))
    expect(() => decodeWelcome(refusal))
      .to.throw('not you')
      .with.property('code', 'REFUSED')
    expect(codeOf(() => decodeHello(refusal))).to.equal('BAD_MESSAGE')
  })

  it('a refusal names both versions, and which side to update', () => {
    const own = { oldest: 3, newest: 4, program: 'p2pjobs 2.0.0' }
    const older = { oldest: 1, newest: 2, program: 'p2pjobs 1.0.0' }
    expect(versionRefusal(own, { ...older, newest: 3 })).to.equal(undefined)
    expect(versionRefusal(own, older)).to.equal(
      'the node runs p2pjobs 2.0.0 (control protocol 3 to 4), and this command is p2pjobs 1.0.0 ' +
        '(control protocol 1 to 2); update this command'
    )
    expect(versionRefusal(older, own)).to.match(/update that node$/)
  })

  it('the document shows some of them, both ways', () => {
    const shown = examples()
    expect(shown.map(([name]) => name)).to.deep.equal([
      ...['hello', 'welcome', 'submit', 'fed', 'done', 'results', 'result', 'job', 'error']
    ])
    for (const [name, frame] of shown) {
      if (name === 'hello' || name === 'welcome') continue
      const raw = received(frame)
      const [request, answer] = [decodeRequest(raw), decodeAnswer(raw)]
      expect(request?.type ?? answer?.type).to.equal(name)
      const again = request === undefined ? encodeAnswer(answer!) : encodeRequest(request)
      expect(Buffer.from(frameOf(again)).toString('hex')).to.equal(
        Buffer.from(frame).toString('hex')
      )
    }
  })

  it('damaged messages are refused or understood, nothing else', function () {
    this.timeout(30_000)
    const rng = new Rng(1)
    const frames = [...requests.map(encodeRequest), ...answers.map(encodeAnswer)].map(frameOf)
    for (let round = 0; round < MUTATIONS; round++) {
      const body = frames[round % frames.length]!.slice(4)
      for (let flips = rng.integer(1, 3); flips > 0; flips--) {
        body[rng.integer(0, body.length - 1)] = rng.integer(0, 255)
      }
      const code = codeOf(() => {
        for (const raw of messagesOf(body)) [decodeRequest(raw), decodeAnswer(raw)]
      })
      if (code !== undefined)
        expect(code, Buffer.from(body).toString('hex')).to.equal('BAD_MESSAGE')
    }
  })

  it('types of a later version are nothing', () => {
    const raw = received(frameOf({ type: 200, fields: [], payloads: [] }))
    expect([decodeRequest(raw), decodeAnswer(raw)]).to.deep.equal([undefined, undefined])
  })

  it('a job too large for a message is refused before it is sent', () => {
    const environment = Object.fromEntries(
      Array.from({ length: 6 }, (_, at) => [`V${at}`, 'x'.repeat(100_000)])
    )
    const job = { options: { priority: 0, retries: 0 }, inputs: [], isWhole: true }
    const send = (spec: typeof SPEC) => encodeRequest({ type: 'submit', spec, ...job })
    expect(codeOf(() => send({ ...SPEC, environment }))).to.equal('LIMIT')
    expect(codeOf(() => send(SPEC))).to.equal(undefined)
  })

  it('parts of inputs fit into a message beside the largest job', () => {
    const large = Array.from({ length: 5 }, () => new Uint8Array(INLINE_BYTES_MAX))
    const small = new Array<Uint8Array>(ENTRIES_MAX + 1).fill(new Uint8Array(1))
    const parts = [...inRequests([...large, ...small])]
    expect(parts.flat()).to.have.length(large.length + small.length)
    for (const inputs of parts) {
      const bytes = inputs.reduce((sum, input) => sum + input.length + 5, 0)
      expect(bytes + JOB_BYTES_MAX).to.be.below(FRAME_BYTES_MAX)
      expect(inputs.length).to.be.at.most(ENTRIES_MAX)
    }
    expect([...inRequests([])]).to.deep.equal([])
  })

  it('bytes are cut into chunks that are nothing but those bytes', () => {
    const bytes = new Uint8Array(200_000).map((_, at) => at % 251)
    const chunks = [...inChunks(bytes)]
    expect(chunks.map(({ length }) => length)).to.deep.equal([65_536, 65_536, 65_536, 3_392])
    expect(Buffer.compare(Buffer.concat(chunks), bytes)).to.equal(0)
  })
})
