/**
 * Labels and amounts: pairs of a name and a text, or a number.
 */
import type { Amounts, Labels } from '../core/abilities.ts'
import {
  AMOUNTS_MAX,
  LABEL_CHARACTERS_MAX,
  LABEL_VALUE_CHARACTERS_MAX,
  LABELS_MAX
} from '../core/limits.ts'
import { badMessage } from './bad-message.ts'
import type { Fields } from './codec.ts'
import type { Field } from './message-pack-writer.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/

export function readLabels(fields: Fields): Labels {
  const pairs = fields.lists(LABELS_MAX, (pair): [string, string] => [
    readName(pair),
    pair.text(LABEL_VALUE_CHARACTERS_MAX)
  ])
  return Object.fromEntries(pairs)
}

export function readAmounts(fields: Fields): Amounts {
  const pairs = fields.lists(AMOUNTS_MAX, (pair): [string, number] => [
    readName(pair),
    pair.integer()
  ])
  return Object.fromEntries(pairs)
}

/** Trailing fields with the pairs of each; what is left out at the end is not sent. */
export function abilityFields(...records: readonly (Labels | Amounts | undefined)[]): Field[] {
  const last = records.findLastIndex((record) => record !== undefined)
  return records.slice(0, last + 1).map((record) => record && Object.entries(record))
}

function readName(fields: Fields): string {
  const name = fields.text(LABEL_CHARACTERS_MAX)
  if (!NAME.test(name)) throw badMessage('a name that no label or amount can have')
  return name
}
