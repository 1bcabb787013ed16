/** Shared dicts and lists: their order, places below zero, and what they count as kept. */
import { expect } from 'chai'
import { bytes, ManagerWorld, texts } from '../../../support/manager-world.ts'
import type { WorldClient } from '../../../support/manager-world.ts'

describe('shared collections', () => {
  let world: ManagerWorld
  let client: WorldClient
  let bytesBefore: number

  beforeEach(() => {
    world = new ManagerWorld()
    client = world.client()
    bytesBefore = world.manager.state.bytes
  })

  /** What the objects keep; answers that were not confirmed are not theirs. */
  function kept(): number {
    client.handle({ type: 'flush' })
    const [view] = world.manager.state.clients.values()
    return world.manager.state.bytes - bytesBefore - view!.keptBytes
  }

  describe('a dict', () => {
    let dict: number

    beforeEach(() => (dict = client.attach('dict', 'd')))

    const set = (...keys: string[]): void => {
      client.ask(dict, 'set', { args: [false, ...keys], values: keys.map(bytes) })
    }
    const popItem = (): unknown => client.ask(dict, 'remove', { args: [null] }).args[0]

    it('gives back the entry that came last, whatever was removed before', () => {
      set('a', 'b', 'c', 'd', 'e')
      for (const key of ['d', 'a', 'e']) client.ask(dict, 'remove', { args: [key] })
      set('a')
      set('c')
      expect([popItem(), popItem(), popItem()]).to.deep.equal(['a', 'c', 'b'])
      expect(client.ask(dict, 'remove', { args: [null] }).status).to.equal('notFound')
      set('f')
      expect(popItem()).to.equal('f')
    })

    it('removes nothing for what cannot be a key', () => {
      set('a')
      for (const args of [[1], [true], []]) {
        expect(client.ask(dict, 'remove', { args }).status).to.equal('notFound')
      }
      expect(popItem()).to.equal('a')
    })

    it('tells its entries in the order in which the keys came; a new value keeps the place', () => {
      set('a', 'b', 'c')
      client.ask(dict, 'set', { args: [false, 'a'], values: [bytes('new')] })
      const answer = client.ask(dict, 'entries', { args: [0, 10, true] })
      expect([answer.args, texts(answer)]).to.deep.equal([
        ['a', 'b', 'c'],
        ['new', 'b', 'c']
      ])
    })

    it('keeps nothing when it is empty', () => {
      set('a', 'b', 'c')
      set('a')
      expect(kept()).to.be.above(0)
      client.ask(dict, 'remove', { args: ['b'] })
      client.ask(dict, 'clear')
      expect(kept()).to.equal(0)
    })
  })

  describe('a list', () => {
    let list: number

    beforeEach(() => {
      list = client.attach('list', 'l')
      client.ask(list, 'splice', { args: [null, 0], values: ['a', 'b', 'c', 'b'].map(bytes) })
    })

    const all = (): string[] => texts(client.ask(list, 'slice', { args: [0, null] }))
    const find = (item: string, from: number): unknown =>
      client.ask(list, 'find', { args: [from], values: [bytes(item)] }).args[0]

    it('takes out an item at a place, and nothing where there is none', () => {
      expect(texts(client.ask(list, 'splice', { args: [-5, 1, true] }))).to.deep.equal([])
      expect(texts(client.ask(list, 'splice', { args: [4, 1, true] }))).to.deep.equal([])
      expect(texts(client.ask(list, 'splice', { args: [-4, 1, true] }))).to.deep.equal(['a'])
      expect(all()).to.deep.equal(['b', 'c', 'b'])
    })

    it('finds an item from a place on, also one counted from the end', () => {
      expect([find('b', 0), find('b', 2), find('b', -1), find('c', -1)]).to.deep.equal([
        ...[1, 3, 3],
        -1
      ])
    })

    it('keeps nothing when it is empty', () => {
      client.ask(list, 'splice', { args: [1, 2], values: [bytes('long enough')] })
      client.ask(list, 'set', { args: [0], values: [bytes('x')] })
      expect(kept()).to.be.above(0)
      client.ask(list, 'clear')
      expect(kept()).to.equal(0)
    })
  })
})
