/**
 * The certificate that makes a peer a master: the root key's signature on a peer id and a span of
 * time. A worker takes no work from a peer without one.
 *
 *     version (1) | not before (6) | not after (6) | signature (64)
 *
 * Times are wall-clock milliseconds since 1970, big-endian. Signed is "p2pjobs/master/1", the
 * peer id as text, and the 12 bytes of the times.
 */
import { isSignedBy, sign, SIGNATURE_BYTES } from './ed25519.ts'

export const CERTIFICATE_BYTES = 13 + SIGNATURE_BYTES
/** A master makes itself a new one long before: this bounds the use of a stolen one. */
export const CERTIFICATE_MS = 24 * 3_600_000
/** Clocks of machines without a time service differ by minutes. */
export const CLOCK_TOLERANCE_MS = 10 * 60_000

const VERSION = 1
const TIME_BYTES = 6

export type Verdict = 'valid' | { readonly problem: string }

/** 77 bytes which say that `peerId` may be a master for 24 hours from `nowMs` (wall clock). */
export function issueCertificate(rootSeed: Uint8Array, peerId: string, nowMs: number): Uint8Array {
  const times = Buffer.alloc(2 * TIME_BYTES)
  times.writeUIntBE(nowMs, 0, TIME_BYTES)
  times.writeUIntBE(nowMs + CERTIFICATE_MS, TIME_BYTES, TIME_BYTES)
  return new Uint8Array(
    Buffer.concat([Buffer.of(VERSION), times, sign(rootSeed, statement(peerId, times))])
  )
}

/**
 * Whether these bytes make `peerId` a master now (`nowMs`: wall clock), and if not, why, in one
 * line for people. Never throws, whatever a peer sent.
 */
export function verifyCertificate(
  bytes: Uint8Array,
  rootPublicKey: Uint8Array,
  peerId: string,
  nowMs: number
): Verdict {
  if (bytes[0] !== undefined && bytes[0] !== VERSION) {
    return { problem: `its certificate has version ${bytes[0]}, and this node reads ${VERSION}` }
  }
  if (bytes.length !== CERTIFICATE_BYTES) {
    return { problem: `its certificate has ${bytes.length} bytes and not ${CERTIFICATE_BYTES}` }
  }
  const times = Buffer.from(bytes.subarray(1, 1 + 2 * TIME_BYTES))
  const signature = bytes.subarray(1 + 2 * TIME_BYTES)
  if (!isSignedBy(rootPublicKey, statement(peerId, times), signature)) {
    return { problem: "its certificate is not signed for it by this network's root key" }
  }
  return timeVerdict(times, nowMs)
}

function timeVerdict(times: Buffer, nowMs: number): Verdict {
  const notBefore = times.readUIntBE(0, TIME_BYTES)
  const notAfter = times.readUIntBE(TIME_BYTES, TIME_BYTES)
  if (nowMs < notBefore - CLOCK_TOLERANCE_MS) {
    return clockProblem(`made at ${clock(notBefore)} by the master's clock`, nowMs)
  }
  if (nowMs > notAfter + CLOCK_TOLERANCE_MS) {
    const made = `made at ${clock(notBefore)} by the master's clock`
    return clockProblem(`${made} and ended at ${clock(notAfter)}`, nowMs)
  }
  return 'valid'
}

function clockProblem(certificate: string, nowMs: number): Verdict {
  const here = `it is ${clock(nowMs)} by the clock here`
  return { problem: `its certificate was ${certificate}, and ${here}: set the wrong clock` }
}

function clock(instantMs: number): string {
  return new Date(instantMs).toISOString()
}

function statement(peerId: string, times: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`p2pjobs/master/1${peerId}`), times])
}
