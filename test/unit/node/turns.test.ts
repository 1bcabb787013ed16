import { expect } from 'chai'
import { Turns } from '../../../src/node/turns.ts'

describe('turns', () => {
  it('does so much at a time, the rest in its order, also when some of it fails', async () => {
    const turns = new Turns(2)
    const begun: number[] = []
    const gates = Array.from({ length: 5 }, () => Promise.withResolvers<undefined>())
    const runs = gates.map((gate, at) =>
      turns.run(async () => {
        begun.push(at)
        await gate.promise
        return at
      })
    )
    const ends = Promise.allSettled(runs)
    expect(begun).to.deep.equal([0, 1])
    gates[1]!.reject(new Error('no'))
    await runs[1]!.catch(() => undefined)
    expect(begun).to.deep.equal([0, 1, 2])
    for (const gate of gates) gate.resolve(undefined)
    const statuses = (await ends).map(({ status }) => status)
    expect(begun).to.deep.equal([0, 1, 2, 3, 4])
    expect(statuses.filter((status) => status === 'rejected')).to.have.length(1)
    expect(await turns.run(() => Promise.resolve('again'))).to.equal('again')
  })
})
