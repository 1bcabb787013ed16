import { expect } from 'chai'
import { Seen } from '../../../src/values/seen.ts'

describe('Seen', () => {
  for (const count of [3, 16, 17, 100]) {
    const objects = Array.from({ length: count }, (_, index) => ({ index }))

    it(`numbers ${count} objects in their order`, () => {
      const seen = new Seen()
      expect(objects.map((object) => seen.numberOf(object))).to.deep.equal(objects.map(() => -1))
      expect(objects.map((object) => seen.numberOf(object))).to.deep.equal(
        objects.map((_, index) => index)
      )
    })

    it(`forgets those after the first few of ${count}, and those alone`, () => {
      for (const kept of [0, 1, count - 1]) {
        const seen = new Seen()
        for (const object of objects) seen.numberOf(object)
        seen.cut(kept)
        expect(seen.count).to.equal(kept)
        expect(seen.numberOf(objects[kept]!)).to.equal(-1)
        expect(seen.numberOf(objects[kept]!)).to.equal(kept)
        if (kept > 0) expect(seen.numberOf(objects[0]!)).to.equal(0)
      }
    })
  }
})
