/**
 * The text of one flag's value, made a value or refused. `where` names the flag in errors, as the
 * user wrote it: `--timeout`, or "timeout" in a configuration file.
 */
import { P2pJobsError } from '../core/errors.ts'
import { isNumberFlag } from './command.ts'
import type { NumberFlag, TextFlag, ValuedFlag } from './command.ts'

const MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 }
const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4
}

/** An error of the command line or of a configuration file. */
export function usage(message: string): P2pJobsError {
  return new P2pJobsError('USAGE', message)
}

/** The value of any flag but a boolean; one of the list for a repeatable one. Throws USAGE. */
export function parseValue(where: string, flag: ValuedFlag, text: string): string | number {
  return isNumberFlag(flag) ? parseNumber(where, flag, text) : parseText(where, flag, text)
}

function parseText(where: string, flag: TextFlag, text: string): string {
  const { charactersMax, shape } = flag
  if (text === '') throw usage(`${where} is empty; it needs ${flag.placeholder}`)
  if (charactersMax !== undefined && text.length > charactersMax) {
    throw usage(`${where} has ${text.length} characters, and ${charactersMax} are the most`)
  }
  if (shape !== undefined && !shape.pattern.test(text)) {
    throw usage(`${where}: '${text}' does not look like ${flag.placeholder}, as ${shape.example}`)
  }
  return text
}

function parseNumber(where: string, flag: NumberFlag, text: string): number {
  const value = { count: countOf, duration: readDuration, size: readSize }[flag.type](text)
  const wanted = {
    count: 'a whole number',
    duration: 'a time, as 30s, 5m, 1.5h or 250ms',
    size: 'a size, as 64k, 10M or 1.5G'
  }[flag.type]
  if (value === undefined) throw usage(`${where}: '${text}' is not ${wanted}`)
  if (value >= flag.min && value <= flag.max) return value
  const [min, max] = [showNumber(flag, flag.min), showNumber(flag, flag.max)]
  throw usage(`${where}: '${text}' is not between ${min} and ${max}`)
}

function countOf(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** Whole milliseconds; a number without a unit is seconds. */
export function readDuration(text: string): number | undefined {
  const { number, unit } =
    /^(?<number>\d{1,15}(?:\.\d{1,9})?)(?<unit>ms|[smhd])?$/.exec(text)?.groups ?? {}
  return number === undefined ? undefined : Math.round(Number(number) * (MS[unit ?? 's'] ?? 1))
}

/** Whole bytes; the units are powers of 1024, with or without B or iB. */
export function readSize(text: string): number | undefined {
  const { number, unit } =
    /^(?<number>\d{1,15}(?:\.\d{1,9})?)(?:(?<unit>[kmgt])(?:i?b)?|b)?$/i.exec(text)?.groups ?? {}
  if (number === undefined) return undefined
  return Math.round(Number(number) * (BYTES[unit?.toLowerCase() ?? ''] ?? 1))
}

/** A number as it would be typed: `6s`, `64k`, `3`. */
export function showNumber(flag: NumberFlag, value: number): string {
  if (flag.type === 'count') return String(value)
  const units = Object.entries(flag.type === 'duration' ? MS : BYTES)
  const [unit, factor] = units.findLast(([, each]) => value >= each && value % each === 0) ?? [
    '',
    1
  ]
  return `${value / factor}${unit}`
}
