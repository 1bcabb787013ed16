/**
 * From the words of the command line to a command's exit status, with every error made one line.
 *
 * Bodies are loaded only when they are run: help and errors need no network library.
 */
import { readFileSync } from 'node:fs'
import { operatingErrorOf, toError } from '../core/errors.ts'
import { ExitCode } from './command.ts'
import type { Command, CommandTable, Context } from './command.ts'
import { readConfiguration } from './config.ts'
import { commandHelp, overview } from './help.ts'
import { nearest } from './nearest.ts'
import { escapeText } from './output.ts'
import { parseWords } from './parse.ts'
import { settle } from './settle.ts'
import { usage } from './values.ts'

/** A command's table, and its body when it is wanted. */
export interface CommandEntry {
  readonly table: CommandTable
  readonly load: () => Promise<Command>
}

/** Does what the words say; the exit status. Never rejects. */
export async function dispatch(
  words: readonly string[],
  entries: readonly CommandEntry[],
  context: Context
): Promise<number> {
  try {
    return await perform(words, entries, context)
  } catch (error) {
    context.stderr(describeError(error))
    return errorExitCode(words, entries)
  }
}

/** The exit status of an error under these words. */
export function errorExitCode(words: readonly string[], entries: readonly CommandEntry[]): number {
  return entries.find(({ table }) => table.name === words[0])?.table.errorExitCode ?? ExitCode.error
}

/** One line for an operating error; anything else is a bug, and comes with its stack. */
export function describeError(thrown: unknown): string {
  const known = operatingErrorOf(thrown)
  if (known !== undefined) return `p2pjobs: ${escapeText(oneLine(known.message))}\n`
  const error = toError(thrown)
  return `p2pjobs: this is a bug of p2pjobs, please report it:\n${error.stack ?? error.message}\n`
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ')
}

async function perform(
  words: readonly string[],
  entries: readonly CommandEntry[],
  context: Context
): Promise<number> {
  const [first, ...rest] = words
  if (first === '--help' || first === '-h') {
    return await print(context, overview(entries.map(({ table }) => table)))
  }
  if (first === '--version') return await print(context, `p2pjobs ${version()}\n`)
  const entry = entries.find(({ table }) => table.name === first)
  if (entry === undefined) throw unknownCommand(first, entries)
  return await performCommand(entry, rest, context)
}

async function performCommand(
  { table, load }: CommandEntry,
  words: readonly string[],
  context: Context
): Promise<number> {
  const { given, operands, isHelp } = parseWords(table, words)
  if (isHelp) return await print(context, commandHelp(table))
  const file = given.get('config')?.value
  const configuration = typeof file === 'string' ? readConfiguration(table, file) : new Map()
  const flags = settle(table, given, configuration)
  const command = await load()
  return await command.run(flags, context, operands)
}

async function print(context: Context, text: string): Promise<number> {
  await context.stdout(text)
  return ExitCode.ok
}

function unknownCommand(typed: string | undefined, entries: readonly CommandEntry[]): Error {
  const names = entries.map(({ table }) => table.name)
  if (typed === undefined) return usage(`name a command: ${names.join(', ')}; see p2pjobs --help`)
  const kind = typed.startsWith('-') ? 'flag' : 'command'
  const meant = nearest(typed, [...names, '--help', '--version'])
  const hint = meant === undefined ? 'see p2pjobs --help' : `did you mean ${meant}?`
  return usage(`unknown ${kind} ${typed}; ${hint}`)
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
