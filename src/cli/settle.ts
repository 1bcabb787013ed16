/**
 * The values that a command's body gets, from the command line, the configuration file and the
 * defaults, once they are known to go together.
 */
import { isRepeatable, longName } from './command.ts'
import type { CommandTable, Flag, FlagTable, FlagValue, FlagValues } from './command.ts'
import type { AllGiven, Given } from './parse.ts'
import { usage } from './values.ts'

/**
 * The values that a command's body gets: from the command line, else from the configuration, else
 * the default. Throws USAGE for flags that exclude or need one another.
 */
export function settle<Flags extends FlagTable>(
  table: CommandTable<Flags>,
  words: AllGiven,
  configuration: AllGiven
): FlagValues<Flags> {
  const given = new Map([...withoutOverridden(table, words, configuration), ...words])
  for (const [name, flag] of Object.entries<Flag>(table.flags)) checkTogether(name, flag, given)
  const values = Object.entries<Flag>(table.flags).map(([name, flag]) => [
    name,
    given.get(name)?.value ?? defaultOf(flag)
  ])
  return Object.fromEntries(values) as FlagValues<Flags>
}

/** `--no-local` on the command line beats a "local" of the file, as `--local` would. */
function withoutOverridden(
  table: CommandTable,
  words: AllGiven,
  configuration: AllGiven
): AllGiven {
  const beaten = Object.entries(table.flags).flatMap(([name, { excludes }]) => {
    if (excludes === undefined) return []
    return [...(words.has(name) ? [excludes] : []), ...(words.has(excludes) ? [name] : [])]
  })
  return new Map([...configuration].filter(([name]) => !beaten.includes(name)))
}

function checkTogether(name: string, flag: Flag, given: AllGiven): void {
  const here = setOf(given, name)
  if (here === undefined) return
  const other = flag.excludes === undefined ? undefined : setOf(given, flag.excludes)
  if (other !== undefined) throw usage(`${here.where} and ${other.where} exclude each other`)
  if (flag.requires !== undefined && setOf(given, flag.requires) === undefined) {
    throw usage(`${here.where} needs ${longName(flag.requires)} too`)
  }
}

/** What was given, unless it says the same as nothing. */
function setOf(given: AllGiven, name: string): Given | undefined {
  const here = given.get(name)
  const isNothing = here?.value === false || (Array.isArray(here?.value) && here.value.length === 0)
  return isNothing ? undefined : here
}

function defaultOf(flag: Flag): FlagValue | undefined {
  if (flag.type === 'boolean') return false
  return flag.default ?? (isRepeatable(flag) ? [] : undefined)
}
