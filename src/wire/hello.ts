/**
 * The hello: what two nodes tell each other before anything else, and the answer.
 *
 * The asker sends a frame with its signed hello; the other answers with its own, or with the
 * reason why it refuses.
 */
import { concat } from 'uint8arrays/concat'
import { fromString as bytesOf } from 'uint8arrays/from-string'
import {
  ADDRESS_CHARACTERS_MAX,
  ADDRESSES_MAX,
  NAME_CHARACTERS_MAX,
  REASON_CHARACTERS_MAX
} from '../core/limits.ts'
import { badMessage } from './bad-message.ts'
import { decodeHead } from './codec.ts'
import { encodeHead } from './message-pack-writer.ts'

/** The versions of the protocol this program speaks, the oldest and the newest. */
export const PROTOCOL_OLDEST = 1
export const PROTOCOL_NEWEST = 1
/** A hello, an answer to one, or a reason is never longer. */
export const HELLO_BYTES_MAX = 8 * 1024

const VERSION_CHARACTERS_MAX = 64
const CERTIFICATE_BYTES_MAX = 256
const SIGNATURE_BYTES = 64

export interface Hello {
  readonly oldest: number
  readonly newest: number
  /** The version of the program, for people. */
  readonly program: string
  readonly boot: string
  readonly name: string
  /** Takes work. */
  readonly isWorker: boolean
  /** Names the record a master's tasks live in; undefined for a node that is no master. */
  readonly epoch: string | undefined
  /** The sender's wall clock, milliseconds since 1970. */
  readonly clock: number
  /** Signed by the root key: this peer may be a master. */
  readonly certificate: Uint8Array | undefined
  /** Where it listens, as it believes; a node that says nothing is not told of to others. */
  readonly addresses: readonly string[]
  /** The manager of shared objects that the sender serves, if it does. */
  readonly manager?: string | undefined
}

export interface SignedHello {
  readonly hello: Hello
  /** The bytes that were signed, and by the sender's identity. */
  readonly body: Uint8Array
  readonly signature: Uint8Array
}

export type HelloAnswer =
  | { readonly type: 'welcome'; readonly signed: SignedHello }
  | { readonly type: 'refusal'; readonly reason: string }

/** The bytes of a hello that its sender signs, for one receiver. */
export function encodeHello(hello: Hello): Uint8Array {
  const { oldest, newest, program, boot, name, isWorker, epoch, clock, certificate } = hello
  return encodeHead([
    oldest,
    newest,
    program,
    boot,
    name,
    isWorker,
    epoch,
    clock,
    certificate,
    hello.addresses.slice(0, ADDRESSES_MAX),
    ...(hello.manager === undefined ? [] : [hello.manager])
  ]).slice()
}

/** What is signed: the hello, and who it is for, so that it serves nobody else. */
export function signedBytes(body: Uint8Array, receiver: string): Uint8Array {
  return concat([bytesOf('p2pjobs/hello/1'), bytesOf(receiver), body])
}

export function encodeWelcome(body: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeHead([true, body, signature]).slice()
}

export function encodeRefusal(reason: string): Uint8Array {
  return encodeHead([false, reason.slice(0, REASON_CHARACTERS_MAX)]).slice()
}

/** Reads a hello or an answer to one. Throws BAD_MESSAGE. */
export function decodeHelloAnswer(bytes: Uint8Array): HelloAnswer {
  const fields = decodeHead(bytes)
  if (!fields.boolean()) return { type: 'refusal', reason: fields.text(REASON_CHARACTERS_MAX) }
  const body = fields.bytes(HELLO_BYTES_MAX)
  const signature = fields.bytes(SIGNATURE_BYTES)
  if (signature.length !== SIGNATURE_BYTES) throw badMessage('a signature that is none')
  return { type: 'welcome', signed: { hello: decodeHello(body), body, signature } }
}

function decodeHello(body: Uint8Array): Hello {
  const fields = decodeHead(body)
  return {
    oldest: fields.integer(),
    newest: fields.integer(),
    program: fields.text(VERSION_CHARACTERS_MAX),
    boot: fields.text(NAME_CHARACTERS_MAX),
    name: fields.text(NAME_CHARACTERS_MAX),
    isWorker: fields.boolean(),
    epoch: fields.optional((field) => field.text(NAME_CHARACTERS_MAX)),
    clock: fields.integer(),
    certificate: fields.optional((field) => field.bytes(CERTIFICATE_BYTES_MAX)),
    addresses: fields.optional((field) => field.texts(ADDRESSES_MAX, ADDRESS_CHARACTERS_MAX)) ?? [],
    manager: fields.optional((field) => field.text(NAME_CHARACTERS_MAX))
  }
}
