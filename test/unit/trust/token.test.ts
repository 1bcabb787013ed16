import { expect } from 'chai'
import fc from 'fast-check'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import { createCredentials, isFull, openCredentials } from '../../../src/trust/credentials.ts'
import { encodeToken, mergeCredentials, parseToken } from '../../../src/trust/token.ts'

/** The code and message of what `work` throws. */
function failureOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    const failure = operatingErrorOf(error)
    if (failure !== undefined) return `${failure.code}: ${failure.message}`
    throw error
  }
  return 'nothing was thrown'
}

describe('token', () => {
  const network = createCredentials()
  const work = encodeToken(network, 'work')
  const full = encodeToken(network, 'full')

  it('carries the public key in a work token and the seed in a full one', () => {
    expect(parseToken(full)).to.deep.equal(network)
    expect(parseToken(work)).to.deep.equal({ ...network, rootSeed: undefined })
  })

  it('is one line that a double click selects up to its dashes', () => {
    expect(work).to.match(/^p2pj1-work-[a-z2-7]{84}$/)
    expect(full).to.match(/^p2pj1-full-[a-z2-7]{84}$/)
  })

  it('does not mind white space, line breaks or capitals', () => {
    const pasted = ` \t${full.slice(0, 40)}\r\n  ${full.slice(40).toUpperCase()}\n\n`
    expect(parseToken(pasted)).to.deep.equal(network)
  })

  it('cannot be made full from a work token', () => {
    expect(failureOf(() => encodeToken(parseToken(work), 'full'))).to.match(
      /^NOT_A_MASTER: .*p2pjobs token --full/
    )
  })

  it('says what is wrong, and never repeats the token', () => {
    const swapped = full.slice(0, 50) + (full[50] === 'a' ? 'b' : 'a') + full.slice(51)
    const problems: Record<string, RegExp> = {
      'my password': /not a p2pjobs token/,
      '': /not a p2pjobs token/,
      'p2pj1-both-aaaa': /not a p2pjobs token/,
      [full.slice(0, -1)]: /cut off: it has 94 characters and not 95/,
      'p2pj1-work-': /cut off: it has 11 characters/,
      [full + work]: /too long: it has 190 characters/,
      [swapped]: /mistyped/,
      [full.replace('full', 'work')]: /mistyped/,
      [full.slice(0, -1) + '!']: /mistyped/,
      [full.replace('p2pj1', 'p2pj2')]: /newer version 2/,
      'p2pj12-something': /newer version 12/
    }
    for (const [pasted, problem] of Object.entries(problems)) {
      const failure = failureOf(() => parseToken(pasted))
      expect(failure).to.match(/^BAD_TOKEN: /)
      expect(failure).to.match(problem)
      if (pasted.length > 12) expect(failure).not.to.include(pasted.slice(11))
    }
  })

  it('notices every single wrong character', () => {
    const place = fc.integer({ min: 0, max: full.length - 1 })
    const character = fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz0123456789-'))
    fc.assert(
      fc.property(place, character, (at, wrong) => {
        fc.pre(full[at] !== wrong)
        expect(
          failureOf(() => parseToken(full.slice(0, at) + wrong + full.slice(at + 1)))
        ).to.match(/^BAD_TOKEN/)
      })
    )
  })

  it('survives any text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `p2pj1-work-${text}`)
        ),
        (text) => {
          expect(failureOf(() => parseToken(text))).to.match(/^BAD_TOKEN/)
        }
      )
    )
  })
})

describe('a token of the open network', () => {
  it('is none: it would look like one of a network that is protected', () => {
    for (const kind of ['work', 'full'] as const) {
      const token = encodeToken(openCredentials(), kind)
      expect(() => parseToken(token)).to.throw(/everybody can make; see --insecure-open/)
    }
  })
})

describe('mergeCredentials', () => {
  const full = createCredentials()
  const work = { ...full, rootSeed: undefined }

  it('keeps the fuller one of the same network', () => {
    expect(mergeCredentials(work, full)).to.deep.equal(full)
    expect(mergeCredentials(full, work)).to.deep.equal(full)
    expect(isFull(mergeCredentials(work, work))).to.equal(false)
  })

  it('refuses another network and names the cure', () => {
    expect(failureOf(() => mergeCredentials(full, createCredentials()))).to.match(
      /^BAD_TOKEN: .*--network NAME/
    )
  })
})
