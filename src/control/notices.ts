/**
 * Notices of a master, for those who follow a job.
 */
import {
  NAME_CHARACTERS_MAX,
  PEER_CHARACTERS_MAX,
  REASON_CHARACTERS_MAX,
  SLOTS_MAX
} from '../core/limits.ts'
import type { NodeId } from '../core/types.ts'
import { attemptFields, readAttempt, readAttempts } from '../wire/attempts.ts'
import type { Fields } from '../wire/codec.ts'
import type { Field } from '../wire/message-pack-writer.ts'
import type { ToldNotice } from './messages.ts'

const KINDS = ['dispatched', 'started', 'setback', 'joined', 'parted', 'resting'] as const

export function noticeFields(notice: ToldNotice): Field[] {
  const start = [KINDS.indexOf(notice.type), notice.worker]
  switch (notice.type) {
    case 'dispatched':
    case 'started':
      return [...start, attemptFields(notice.attempts)]
    case 'setback': {
      const { job, task, attempt, reason, delayMs } = notice
      return [...start, job, task, attempt, reason.slice(0, REASON_CHARACTERS_MAX), delayMs]
    }
    case 'joined':
      return [...start, notice.name, notice.slots]
    case 'parted':
      return [...start, notice.name, notice.reason.slice(0, REASON_CHARACTERS_MAX)]
    case 'resting':
      return [...start, notice.name, notice.restMs]
  }
}

/** Throws BAD_MESSAGE. */
export function readNotice(fields: Fields): ToldNotice {
  const type = fields.word(KINDS)
  const worker = fields.text(PEER_CHARACTERS_MAX) as NodeId
  switch (type) {
    case 'dispatched':
    case 'started':
      return { type, worker, attempts: readAttempts(fields) }
    case 'setback': {
      const ref = readAttempt(fields)
      const reason = fields.text(REASON_CHARACTERS_MAX)
      return { type, worker, ...ref, reason, delayMs: fields.integer() }
    }
    case 'joined':
      return { type, worker, name: readName(fields), slots: fields.integer(0, SLOTS_MAX) }
    case 'parted':
      return { type, worker, name: readName(fields), reason: fields.text(REASON_CHARACTERS_MAX) }
    case 'resting':
      return { type, worker, name: readName(fields), restMs: fields.integer() }
  }
}

function readName(fields: Fields): string {
  return fields.text(NAME_CHARACTERS_MAX)
}
