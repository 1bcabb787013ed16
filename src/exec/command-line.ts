/**
 * From a job's command and a task's input to the command line that a shell runs.
 *
 * The input is always one literal word, wherever its `{}` stands: bare, or inside the quotes or
 * the `$(...)` of the command. To know where it stands, the command's quoting is followed once
 * per job. An escaped `\{}` stays as it is. In a here-document quotes are text, so that `{}` there
 * would show them: pass the input as an argument instead.
 */
import { quoted } from './quoting.ts'

/** Where a `{}` stands: between words, in single or double quotes, or in a comment. */
type Place = 'bare' | 'single' | 'double' | 'comment'

/** A command cut at its `{}`: always one more part than places. */
export interface CommandTemplate {
  readonly parts: readonly Uint8Array[]
  readonly places: readonly Place[]
}

/** The most bytes of one argument of a program on Linux (MAX_ARG_STRLEN), the closing NUL left out. */
export const COMMAND_LINE_BYTES_MAX = 128 * 1024 - 1

/** Reads a job's command; an empty one makes the input the whole command line. */
export function parseCommand(command: string): CommandTemplate {
  if (command === '') return { parts: [], places: [] }
  const parts: Uint8Array[] = []
  const places: Place[] = []
  let start = 0
  for (const { at, place } of placeholders(command)) {
    parts.push(Buffer.from(command.slice(start, at)))
    places.push(place)
    start = at + 2
  }
  const rest = command.slice(start)
  if (places.length > 0) return { parts: [...parts, Buffer.from(rest)], places }
  return { parts: [Buffer.from(`${rest} `), Buffer.alloc(0)], places: ['bare'] }
}

/** The command line for one input. */
export function renderCommand(template: CommandTemplate, input: Uint8Array): Uint8Array {
  if (template.parts.length === 0) return input
  const word = quoted(input)
  const pieces: Uint8Array[] = []
  for (const [index, part] of template.parts.entries()) {
    pieces.push(part)
    const place = template.places[index]
    if (place === undefined) continue
    const around = AROUND[place]
    if (around !== undefined) pieces.push(around, word, around)
  }
  return Buffer.concat(pieces)
}

/** Why a command line cannot be run at all, or undefined. */
export function commandLineFault(line: Uint8Array): string | undefined {
  if (line.includes(0)) return 'the command line holds a NUL byte, which no argument can'
  if (line.length <= COMMAND_LINE_BYTES_MAX) return undefined
  return `the command line has ${line.length} bytes, more than the ${COMMAND_LINE_BYTES_MAX} of the system`
}

/** Closes the quotes around a word and opens them again; a comment gets nothing. */
const AROUND: Readonly<Record<Place, Uint8Array | undefined>> = {
  bare: Buffer.alloc(0),
  single: Buffer.from(`'`),
  double: Buffer.from(`"`),
  comment: undefined
}

/** What the shell is inside of; `(` and the backquote begin a command of their own. */
type Frame = '"' | '(' | '`'

/** Every `{}` of a command with its place, in order. */
function* placeholders(command: string): Generator<{ at: number; place: Place }> {
  const inside: Frame[] = []
  let at = 0
  while (at < command.length) {
    const isDouble = inside.at(-1) === '"'
    const end = isDouble ? at : endOfLiteral(command, at)
    if (end > at) {
      const place: Place = command[at] === '#' ? 'comment' : 'single'
      for (const found of bracesBetween(command, at, end)) yield { at: found, place }
      at = end
    } else if (command.startsWith('{}', at)) {
      yield { at, place: isDouble ? 'double' : 'bare' }
      at += 2
    } else {
      at += step(command, at, inside)
    }
  }
}

/** The end of the comment or single-quoted text that begins at `at`, else `at`. */
function endOfLiteral(command: string, at: number): number {
  const isComment = command[at] === '#' && (at === 0 || /[\s;&|()]/.test(command[at - 1] ?? ''))
  if (!isComment && command[at] !== `'`) return at
  const close = command.indexOf(isComment ? '\n' : `'`, at + 1)
  return close < 0 ? command.length : close + 1
}

function* bracesBetween(command: string, start: number, end: number): Generator<number> {
  for (let at = command.indexOf('{}', start); at >= 0; at = command.indexOf('{}', at + 2)) {
    if (at + 2 > end) return
    yield at
  }
}

/** Takes one character (two after a backslash) and keeps track of what it opens and closes. */
function step(command: string, at: number, inside: Frame[]): number {
  const character = command[at]
  const innermost = inside.at(-1)
  if (character === '\\') return 2
  if (character === '"' || character === '`') {
    if (innermost === character) inside.pop()
    else inside.push(character)
  } else if (character === '(' && (innermost !== '"' || command[at - 1] === '$')) {
    inside.push('(')
  } else if (character === ')' && innermost === '(') {
    inside.pop()
  }
  return 1
}
