import { expect } from 'chai'
import fc from 'fast-check'
import {
  CERTIFICATE_BYTES,
  CERTIFICATE_MS,
  CLOCK_TOLERANCE_MS,
  issueCertificate,
  verifyCertificate
} from '../../../src/trust/certificate.ts'
import type { Verdict } from '../../../src/trust/certificate.ts'
import { createCredentials, fullCredentials } from '../../../src/trust/credentials.ts'

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5)
const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const { rootPublicKey, rootSeed } = fullCredentials(
  new Uint8Array(32).fill(1),
  new Uint8Array(16).fill(2)
) as { rootPublicKey: Uint8Array; rootSeed: Uint8Array }
const certificate = issueCertificate(rootSeed, PEER, NOW)

const problemOf = (verdict: Verdict): string => (verdict === 'valid' ? 'valid' : verdict.problem)
const verifyAt = (nowMs: number): string =>
  problemOf(verifyCertificate(certificate, rootPublicKey, PEER, nowMs))

describe('certificate', () => {
  it('has the layout that the protocol describes', () => {
    expect(certificate).to.have.lengthOf(CERTIFICATE_BYTES)
    const times = Buffer.from(certificate.subarray(0, 13)).toString('hex')
    const [begin, end] = [NOW, NOW + CERTIFICATE_MS].map((at) => at.toString(16).padStart(12, '0'))
    expect(times).to.equal(`01${begin}${end}`)
  })

  it('holds for a day, and ten minutes of wrong clocks on both sides', () => {
    expect(verifyAt(NOW)).to.equal('valid')
    expect(verifyAt(NOW - CLOCK_TOLERANCE_MS)).to.equal('valid')
    expect(verifyAt(NOW + CERTIFICATE_MS + CLOCK_TOLERANCE_MS)).to.equal('valid')
  })

  it('prints both clocks when they do not agree', () => {
    expect(verifyAt(NOW - CLOCK_TOLERANCE_MS - 1)).to.match(
      /made at 2026-01-02T03:04:05.000Z by the master's clock, and it is 2026-01-02T02:54:04.999Z/
    )
    expect(verifyAt(NOW + CERTIFICATE_MS + CLOCK_TOLERANCE_MS + 1)).to.match(
      /ended at 2026-01-03T03:04:05.000Z, and it is 2026-01-03T03:14:05.001Z/
    )
  })

  it('is worth nothing for another peer or in another network', () => {
    const other = createCredentials().rootPublicKey
    expect(problemOf(verifyCertificate(certificate, rootPublicKey, `${PEER}x`, NOW))).to.match(
      /not signed/
    )
    expect(problemOf(verifyCertificate(certificate, other, PEER, NOW))).to.match(/not signed/)
  })

  it('names the version and the length that it cannot read', () => {
    const check = (bytes: Uint8Array): string =>
      problemOf(verifyCertificate(bytes, rootPublicKey, PEER, NOW))
    expect(check(Uint8Array.of(2, ...certificate.subarray(1)))).to.match(/version 2/)
    expect(check(certificate.subarray(0, 76))).to.match(/76 bytes and not 77/)
    expect(check(new Uint8Array(0))).to.match(/0 bytes/)
  })

  it('is worth nothing with any bit changed', () => {
    for (let bit = 0; bit < CERTIFICATE_BYTES * 8; bit += 1) {
      const changed = Uint8Array.from(certificate)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(problemOf(verifyCertificate(changed, rootPublicKey, PEER, NOW))).not.to.equal('valid')
    }
  })

  it('never throws on what a peer or a token brings', () => {
    const bytes = fc.uint8Array({ maxLength: 100 })
    const likely = fc
      .uint8Array({ minLength: 76, maxLength: 76 })
      .map((rest) => Uint8Array.of(1, ...rest))
    const key = fc.uint8Array({ minLength: 31, maxLength: 33 })
    fc.assert(
      fc.property(fc.oneof(bytes, likely), key, fc.string(), (sent, root, peer) => {
        expect(problemOf(verifyCertificate(sent, root, peer, NOW))).not.to.equal('valid')
      })
    )
  })

  it('reads its bytes where they lie inside a larger message', () => {
    const message = new Uint8Array([...Array<number>(5).fill(0), ...certificate, 0, 0])
    const inside = message.subarray(5, 5 + CERTIFICATE_BYTES)
    expect(verifyCertificate(inside, rootPublicKey, PEER, NOW)).to.equal('valid')
  })
})
