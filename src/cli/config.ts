/**
 * `--config FILE`: a JSON object whose keys are the names of flags in camelCase. What it says is
 * checked as strictly as the command line, and the command line overrides it.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { toError } from '../core/errors.ts'
import { isNumberFlag, isRepeatable, longName } from './command.ts'
import type { CommandTable, Flag, FlagTable, FlagValue, ValuedFlag } from './command.ts'
import { nearest } from './nearest.ts'
import type { AllGiven, Given } from './parse.ts'
import { parseValue, usage } from './values.ts'

/** What the file says. Throws USAGE, naming the file and the key. */
export function readConfiguration(table: CommandTable, file: string): AllGiven {
  const given = new Map<string, Given>()
  for (const [key, value] of Object.entries(readObject(file))) {
    const where = `"${key}" in ${file}`
    const flag = flagOf(table.flags, key)
    if (flag === undefined) throw unknownKey(table, key, where)
    if (flag.onlyTyped) throw usage(`${where} has to be typed: ${longName(key)}`)
    given.set(key, { value: configuredValue(where, flag, value, dirname(file)), where })
  }
  return given
}

function readObject(file: string): object {
  const value = parsed(file, textOf(file))
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw usage(`the configuration ${file} is not a JSON object, as {"slots": 4}`)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw usage(`cannot read the configuration: ${toError(error).message}; check the name`)
  }
}

function parsed(file: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const { message } = toError(error)
    throw usage(`the configuration ${file} is no JSON, as {"slots": 4}: ${message}`)
  }
}

/** A configuration cannot name another one. */
function flagOf(flags: FlagTable, key: string): Flag | undefined {
  return Object.hasOwn(flags, key) && key !== 'config' ? flags[key] : undefined
}

function unknownKey(table: CommandTable, key: string, where: string): Error {
  const keys = Object.keys(table.flags).filter(
    (each) => each !== 'config' && table.flags[each]?.onlyTyped !== true
  )
  const meant = nearest(key, keys)
  const hint = meant === undefined ? `there are ${keys.join(', ')}` : `did you mean "${meant}"?`
  return usage(`${where} is no flag of ${table.name}; ${hint}`)
}

function configuredValue(where: string, flag: Flag, value: unknown, folder: string): FlagValue {
  if (flag.type === 'boolean') {
    if (typeof value === 'boolean') return value
    throw usage(`${where} has to be true or false`)
  }
  if (!isRepeatable(flag)) return oneValue(where, flag, value, folder)
  if (!Array.isArray(value)) throw usage(`${where} has to be a list of texts`)
  return value.map((each) => String(oneValue(where, flag, each, folder)))
}

function oneValue(
  where: string,
  flag: ValuedFlag,
  value: unknown,
  folder: string
): string | number {
  const isNumeric = isNumberFlag(flag)
  if (isNumeric && typeof value === 'number') return parseValue(where, flag, String(value))
  if (typeof value !== 'string') {
    throw usage(`${where} has to be ${isNumeric ? 'a number or a text' : 'a text'}`)
  }
  const parsed = parseValue(where, flag, value)
  // `-` is stdin, wherever the file lies.
  return flag.type === 'file' && value !== '-' ? resolve(folder, value) : parsed
}
