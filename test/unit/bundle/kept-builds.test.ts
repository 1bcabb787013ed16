/**
 * Builds kept for later calls: up to a bound, the ones not asked for longest go first.
 */
import { expect } from 'chai'
import type { Build } from '../../../src/bundle/build.ts'
import { buildOfText } from '../../../src/bundle/build.ts'
import { Inputs } from '../../../src/bundle/inputs.ts'
import { KeptBuilds } from '../../../src/bundle/kept-builds.ts'

const NO_FILES = new Inputs([], 0, 0)

function aBuild(bytes: number): Build {
  return buildOfText('x'.repeat(bytes))
}

describe('KeptBuilds', () => {
  it('forgets the one not asked for longest when there is too much', () => {
    const kept = new KeptBuilds(10_000)
    const builds = ['a', 'b', 'c'].map((key) => {
      const build = aBuild(2_000)
      kept.set(key, build, NO_FILES)
      return build
    })
    expect(kept.get('a', 0)).to.equal(builds[0])
    kept.set('d', aBuild(2_000), NO_FILES)
    expect(kept.get('b', 0)).to.equal(undefined)
    expect(kept.get('a', 0)).to.equal(builds[0])
    expect(kept.get('c', 0)).to.equal(builds[2])
  })

  it('counts a build that replaces another once', () => {
    const kept = new KeptBuilds(10_000)
    kept.set('a', aBuild(2_000), NO_FILES)
    for (let round = 0; round < 10; round += 1) kept.set('b', aBuild(2_000), NO_FILES)
    expect(kept.get('a', 0)).to.not.equal(undefined)
  })

  it('does not keep what alone is too much', () => {
    const kept = new KeptBuilds(1_000)
    kept.set('a', aBuild(2_000), NO_FILES)
    expect(kept.get('a', 0)).to.equal(undefined)
  })
})
