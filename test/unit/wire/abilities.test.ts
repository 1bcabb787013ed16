/** Labels and amounts on the wire: what is left out, what is refused. */
import { expect } from 'chai'
import { AMOUNTS_MAX, LABELS_MAX } from '../../../src/core/limits.ts'
import type { MasterMessage, WorkerMessage } from '../../../src/core/messages.ts'
import { FrameBuilder, FrameParser } from '../../../src/wire/frame.ts'
import type { RawMessage } from '../../../src/wire/frame.ts'
import type { Field } from '../../../src/wire/message-pack-writer.ts'
import { masterEnd, workerEnd } from '../../../src/wire/session.ts'
import { aHold, SPEC } from '../../support/machines.ts'
import { codeOf } from '../../support/code-of.ts'

/** A message as it is read on the other side, after somebody has changed its fields. */
function sent<Message>(
  raw: RawMessage,
  decode: (body: Uint8Array) => Iterable<Message>,
  change: (fields: Field[]) => Field[] = (fields) => fields
): Message | undefined {
  const builder = new FrameBuilder()
  builder.add({ ...raw, fields: change([...raw.fields]) })
  const [body] = [...new FrameParser().push(builder.take()[0]!)]
  return [...decode(body!)][0]
}

function holdAs(change: (fields: Field[]) => Field[]): WorkerMessage | undefined {
  const abilities = { labels: { os: 'linux' }, amounts: { gpu: 1 } }
  return sent(workerEnd.encode(aHold(abilities)), (body) => masterEnd.decode(body), change)
}

function specAs(change: (fields: Field[]) => Field[]): MasterMessage | undefined {
  const spec = { ...SPEC, amounts: { cpus: 2 } }
  const raw = masterEnd.encode({ type: 'spec', job: 1 as never, spec })
  return sent(raw, (body) => workerEnd.decode(body), change)
}

/** The last fields of a hold, in place of its own. */
function withLast(...last: Field[]): (fields: Field[]) => Field[] {
  return (fields) => [...fields.slice(0, -last.length), ...last]
}

describe('labels and amounts on the wire', () => {
  it('are read as they were sent', () => {
    expect(holdAs((fields) => fields)).to.deep.include({
      labels: { os: 'linux' },
      amounts: { gpu: 1 }
    })
    expect(specAs((fields) => fields)).to.have.deep.nested.property('spec.amounts', { cpus: 2 })
  })

  it('may be missing, as from an older peer', () => {
    expect(holdAs((fields) => fields.slice(0, -2))).to.deep.equal(aHold())
    const amountsOnly = holdAs(withLast(undefined, [['gpu', 3]]))
    expect(amountsOnly)
      .to.deep.include({ amounts: { gpu: 3 } })
      .and.not.have.property('labels')
    expect(specAs((fields) => fields.slice(0, -1))).to.deep.include({ spec: SPEC })
  })

  it('are sent as nothing when there are none', () => {
    const raw = workerEnd.encode(aHold())
    expect(raw.fields).to.have.lengthOf(5)
    const plain = masterEnd.encode({ type: 'spec', job: 1 as never, spec: SPEC })
    expect(plain.fields).to.have.lengthOf(8)
  })

  const many = (count: number, value: Field): Field[] =>
    Array.from({ length: count }, (_, at) => [`n${at}`, value])

  const bad: Record<string, Field[]> = {
    'too many labels': [many(LABELS_MAX + 1, ''), []],
    'too many amounts': [[], many(AMOUNTS_MAX + 1, 1)],
    'a label that is a number': [[['os', 5]], []],
    'a text that is too long': [[['os', 'x'.repeat(257)]], []],
    'a name that is too long': [[['n'.repeat(65), '']], []],
    'a name that is no name': [[['__proto__', '']], []],
    'an empty name': [[['', '']], []],
    'less than nothing': [[], [['gpu', -1]]],
    'half of something': [[], [['gpu', 0.5]]],
    'something else than pairs': [[], ['gpu', 1]],
    'something else than a list': ['os', []]
  }
  for (const [what, last] of Object.entries(bad)) {
    it(`are refused: ${what}`, () => {
      expect(codeOf(() => holdAs(withLast(...last)))).to.equal('BAD_MESSAGE')
    })
  }

  it('can be as many as there may be', () => {
    const change = withLast(many(LABELS_MAX, 'x'), many(AMOUNTS_MAX, Number.MAX_SAFE_INTEGER))
    expect(codeOf(() => holdAs(change))).to.equal(undefined)
  })
})
