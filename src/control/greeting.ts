/**
 * The first words on a control socket: each side says which versions it speaks, and a node that
 * cannot talk to a client says so, with both.
 */
import { P2pJobsError } from '../core/errors.ts'
import { NAME_CHARACTERS_MAX, REASON_CHARACTERS_MAX } from '../core/limits.ts'
import { badMessage } from '../wire/bad-message.ts'
import { decodeHead } from '../wire/codec.ts'
import type { Fields } from '../wire/codec.ts'
import type { RawMessage, ReceivedMessage } from '../wire/frame.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import type { Versions } from './messages.ts'

const HELLO = 1
const WELCOME = 33
const REFUSAL = 34

const VERSION_MAX = 2 ** 16

/** What a node says of itself. */
export interface Welcome extends Versions {
  /** Names the record its jobs live in. */
  readonly epoch: string
  /** What the node calls itself. */
  readonly name: string
}

export function encodeHello(versions: Versions): RawMessage {
  return { type: HELLO, fields: versionFields(versions), payloads: [] }
}

export function encodeWelcome(welcome: Welcome): RawMessage {
  const fields = [...versionFields(welcome), welcome.epoch, welcome.name]
  return { type: WELCOME, fields, payloads: [] }
}

export function encodeRefusal(versions: Versions, reason: string): RawMessage {
  return { type: REFUSAL, fields: [...versionFields(versions), reason], payloads: [] }
}

/** Throws BAD_MESSAGE. */
export function decodeHello({ type, head }: ReceivedMessage): Versions {
  if (type !== HELLO) throw badMessage('something else than a hello')
  return readVersions(decodeHead(head))
}

/** Throws REFUSED with the node's reason, BAD_MESSAGE. */
export function decodeWelcome({ type, head }: ReceivedMessage): Welcome {
  if (type !== WELCOME && type !== REFUSAL) throw badMessage('something else than a welcome')
  const fields = decodeHead(head)
  const versions = readVersions(fields)
  if (type === REFUSAL) throw new P2pJobsError('REFUSED', fields.text(REASON_CHARACTERS_MAX))
  const epoch = fields.text(NAME_CHARACTERS_MAX)
  return { ...versions, epoch, name: fields.text(NAME_CHARACTERS_MAX) }
}

/** Why a node does not talk to a client of these versions; undefined: it does. */
export function versionRefusal(own: Versions, clients: Versions): string | undefined {
  if (clients.newest >= own.oldest && clients.oldest <= own.newest) return undefined
  const [node, client] = [own, clients].map(
    ({ program, oldest, newest }) => `${program} (control protocol ${span(oldest, newest)})`
  )
  const older = clients.newest < own.oldest ? 'this command' : 'that node'
  return `the node runs ${node}, and this command is ${client}; update ${older}`
}

function span(oldest: number, newest: number): string {
  return oldest === newest ? String(newest) : `${oldest} to ${newest}`
}

function versionFields({ oldest, newest, program }: Versions): Field[] {
  return [oldest, newest, program]
}

function readVersions(fields: Fields): Versions {
  return {
    oldest: fields.integer(0, VERSION_MAX),
    newest: fields.integer(0, VERSION_MAX),
    program: fields.text(NAME_CHARACTERS_MAX)
  }
}
