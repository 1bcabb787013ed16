/**
 * What a master says, as bytes. Types 33 to 63.
 */
import {
  BUNDLE_BYTES_MAX,
  COMMAND_BYTES_MAX,
  ENTRIES_MAX,
  EXPORT_CHARACTERS_MAX,
  INLINE_BYTES_MAX,
  OUTPUT_BYTES_MAX,
  READ_BYTES_MAX,
  SLOTS_MAX
} from '../core/limits.ts'
import type { Lease, MasterMessage } from '../core/messages.ts'
import type { FunctionRef, FunctionSpec, ShellSpec, Spec } from '../core/spec.ts'
import { abilityFields, readAmounts } from './abilities.ts'
import {
  attemptFields,
  placeFields,
  readAttempt,
  readAttempts,
  readJob,
  readPlace
} from './attempts.ts'
import { badMessage } from './bad-message.ts'
import { blobFields, decodeHead } from './codec.ts'
import type { Fields } from './codec.ts'
import type { RawMessage, ReceivedMessage } from './frame.ts'
import type { Field } from './message-pack-writer.ts'
import { PayloadReader, PayloadWriter } from './payload.ts'

const KEPT = 33
const SPEC = 34
const LEASES = 35
const CANCEL = 36
const ACCEPTED = 37
const RENEWED = 38
const FORGET = 39
const DRAIN = 40
const READ = 41

const SHELL = 1
const FUNCTION = 2
const PATH_CHARACTERS_MAX = 4_096
const VARIABLES_MAX = 1_024
/** A lease shorter than this would be lost to an ordinary pause; one longer helps nobody. */
const LEASE_MIN_MS = 100
const LEASE_MAX_MS = 24 * 3_600_000

export function encodeMasterMessage(message: MasterMessage): RawMessage {
  switch (message.type) {
    case 'kept': {
      const { canceled, leaseMs, keepMs } = message
      return raw(KEPT, [attemptFields(canceled), leaseMs, keepMs])
    }
    case 'spec':
      return raw(SPEC, [message.job, ...specFields(message.spec)])
    case 'leases':
      return encodeLeases(message)
    case 'cancel':
      return raw(CANCEL, [attemptFields(message.attempts)])
    case 'accepted':
      return raw(ACCEPTED, [attemptFields(message.attempts)])
    case 'renewed':
      return raw(RENEWED, [message.more])
    case 'forget':
      return raw(FORGET, [message.job])
    case 'drain':
      return raw(DRAIN, [])
    case 'read':
      return raw(READ, [...placeFields(message), message.bytesMax])
  }
}

function raw(type: number, fields: readonly Field[]): RawMessage {
  return { type, fields, payloads: [] }
}

function encodeLeases(message: Extract<MasterMessage, { type: 'leases' }>): RawMessage {
  const writer = new PayloadWriter()
  const entries = message.leases.map(({ job, task, attempt, input }) => [
    job,
    task,
    attempt,
    writer.field(input)
  ])
  const fields = [message.batch, message.used, message.more, entries]
  return { type: LEASES, fields, payloads: writer.payloads }
}

/** What `readSpec` reads: as fields of a message, and of whatever else keeps a spec. */
export function specFields(spec: Spec): Field[] {
  return spec.kind === 'shell' ? shellFields(spec) : functionFields(spec)
}

function shellFields(spec: ShellSpec): Field[] {
  const { command, directory, timeoutMs, outputBytesMax, slotsMax } = spec
  const environment = Object.entries(spec.environment)
  const limits = [timeoutMs, outputBytesMax, slotsMax]
  return [SHELL, command, directory, environment, ...limits, ...abilityFields(spec.amounts)]
}

function functionFields(spec: FunctionSpec): Field[] {
  const { timeoutMs, outputBytesMax, slotsMax, tasksPerChildMax, memoryBytesMax } = spec
  const { initializer } = spec
  return [
    FUNCTION,
    ...refFields(spec.function),
    initializer === undefined ? undefined : [...refFields(initializer), initializer.input],
    ...[timeoutMs, outputBytesMax, slotsMax, tasksPerChildMax, memoryBytesMax],
    ...[spec.isAlone, ...abilityFields(spec.amounts)]
  ]
}

function refFields({ bundle, exportName }: FunctionRef): Field[] {
  return [blobFields(bundle), exportName]
}

/** Reads a message of a master; undefined for a type that this version does not know. */
export function decodeMasterMessage(received: ReceivedMessage): MasterMessage | undefined {
  const { type } = received
  if (type < KEPT || type > READ) return undefined
  const fields = decodeHead(received.head)
  switch (type) {
    case KEPT:
      return {
        type: 'kept',
        canceled: readAttempts(fields),
        leaseMs: fields.integer(LEASE_MIN_MS, LEASE_MAX_MS),
        keepMs: fields.integer()
      }
    case SPEC:
      return { type: 'spec', job: readJob(fields), spec: readSpec(fields) }
    case LEASES:
      return readLeases(fields, new PayloadReader(received.payload))
    case CANCEL:
      return { type: 'cancel', attempts: readAttempts(fields) }
    case ACCEPTED:
      return { type: 'accepted', attempts: readAttempts(fields) }
    case RENEWED:
      return { type: 'renewed', more: fields.boolean() }
    case FORGET:
      return { type: 'forget', job: readJob(fields) }
    case READ:
      return { type: 'read', ...readPlace(fields), bytesMax: fields.integer(1, READ_BYTES_MAX) }
    default:
      return { type: 'drain' }
  }
}

function readLeases(fields: Fields, payloads: PayloadReader): MasterMessage {
  const batch = fields.integer()
  const used = fields.integer()
  const more = fields.boolean()
  const leases = fields.lists(ENTRIES_MAX, (entry): Lease => {
    const { job, task, attempt } = readAttempt(entry)
    return { job, task, attempt, input: payloads.read(entry) }
  })
  return { type: 'leases', batch, used, more, leases }
}

/** Throws BAD_MESSAGE. */
export function readSpec(fields: Fields): Spec {
  const kind = fields.integer()
  if (kind === SHELL) return readShell(fields)
  if (kind === FUNCTION) return readFunction(fields)
  throw badMessage(`a kind of spec this version does not know (${kind})`)
}

function readShell(fields: Fields): ShellSpec {
  return {
    kind: 'shell',
    command: fields.text(COMMAND_BYTES_MAX),
    directory: fields.text(PATH_CHARACTERS_MAX),
    environment: Object.fromEntries(fields.lists(VARIABLES_MAX, readVariable)),
    timeoutMs: fields.optional((field) => field.integer(1)),
    outputBytesMax: fields.integer(0, OUTPUT_BYTES_MAX),
    slotsMax: fields.optional((field) => field.integer(1, SLOTS_MAX)),
    ...readDemand(fields)
  }
}

function readFunction(fields: Fields): FunctionSpec {
  return {
    kind: 'function',
    function: readRef(fields),
    initializer: fields.optional((field) => {
      const list = field.list()
      return { ...readRef(list), input: list.bytes(INLINE_BYTES_MAX) }
    }),
    timeoutMs: fields.optional((field) => field.integer(1)),
    outputBytesMax: fields.integer(0, OUTPUT_BYTES_MAX),
    slotsMax: fields.optional((field) => field.integer(1, SLOTS_MAX)),
    tasksPerChildMax: fields.optional((field) => field.integer(1)),
    memoryBytesMax: fields.optional((field) => field.integer(1)),
    isAlone: fields.boolean(),
    ...readDemand(fields)
  }
}

/** A trailing field: of most jobs, and of masters that are older, it is left out. */
function readDemand(fields: Fields): Pick<Spec, 'amounts'> {
  const amounts = fields.optional(readAmounts)
  return amounts === undefined ? {} : { amounts }
}

function readRef(fields: Fields): FunctionRef {
  return { bundle: fields.blob(BUNDLE_BYTES_MAX), exportName: fields.text(EXPORT_CHARACTERS_MAX) }
}

/** A name that a shell could not export is refused here: it would be a hole in the quoting. */
function readVariable(fields: Fields): [string, string] {
  const name = fields.text(COMMAND_BYTES_MAX)
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === '__proto__') {
    throw badMessage('a name that no environment variable can have')
  }
  return [name, fields.text(COMMAND_BYTES_MAX)]
}
