/**
 * The words of the command line, made values of a table's flags: as far as they are given. What a
 * command gets in the end is the business of settle.ts.
 */
import { isRepeatable, longName } from './command.ts'
import type { CommandTable, Flag, FlagValue, Operands } from './command.ts'
import { nearest } from './nearest.ts'
import { parseValue, usage } from './values.ts'

/** Those of GNU parallel: a word it would take for one must not become an argument here. */
const SEPARATORS: readonly string[] = [':::', ':::+', '::::', '::::+']

/** A value, and where it comes from in the words of an error. */
export interface Given {
  readonly value: FlagValue
  readonly where: string
}

/** By the name of the flag. */
export type AllGiven = ReadonlyMap<string, Given>

export interface Words {
  readonly given: AllGiven
  readonly operands: Operands
  /** `--help` was among them; what follows it was not looked at. */
  readonly isHelp: boolean
}

/** What the words after the command's name say. Throws USAGE, with what was probably meant. */
export function parseWords(table: CommandTable, words: readonly string[]): Words {
  return new WordReader(table, words).read()
}

class WordReader {
  readonly #table: CommandTable
  readonly #left: string[]
  readonly #given = new Map<string, Given>()
  /** Operands between flags. */
  readonly #operands: string[] = []

  constructor(table: CommandTable, words: readonly string[]) {
    this.#table = table
    this.#left = [...words]
  }

  read(): Words {
    for (let word = this.#left.shift(); word !== undefined; word = this.#left.shift()) {
      if (word === '--help' || word === '-h') return this.#words(true)
      if (word === '--') break
      if (!/^-./.test(word)) {
        if (this.#table.operands === 'words') {
          this.#operands.push(word)
          continue
        }
        this.#left.unshift(word)
        break
      }
      if (word.startsWith('--')) this.#readLong(word)
      else this.#readShort(word.slice(1))
    }
    return this.#words(false)
  }

  #words(isHelp: boolean): Words {
    const operands = isHelp
      ? { command: '', inputs: undefined }
      : operandsOf(this.#table, [...this.#operands, ...this.#left])
    return { given: this.#given, operands, isHelp }
  }

  #readLong(word: string): void {
    const typed = word.split('=', 1)[0] ?? word
    const name = Object.keys(this.#table.flags).find((each) => longName(each) === typed)
    const flag = name === undefined ? undefined : this.#table.flags[name]
    if (name === undefined || flag === undefined) throw this.#unknown(typed)
    this.#take(typed, name, flag, typed === word ? undefined : word.slice(typed.length + 1))
  }

  /** One letter or several: `-k`, `-j4`, `-kj4`. */
  #readShort(letters: string): void {
    for (let index = 0; index < letters.length; index += 1) {
      const letter = letters.charAt(index)
      const [name, flag] =
        Object.entries(this.#table.flags).find(([, each]) => each.short === letter) ?? []
      if (name === undefined || flag === undefined) throw this.#unknown(`-${letter}`)
      const rest = letters.slice(index + 1)
      const hasValue = flag.type !== 'boolean'
      this.#take(`-${letter}`, name, flag, hasValue && rest !== '' ? rest : undefined)
      if (hasValue) return
    }
  }

  #take(where: string, name: string, flag: Flag, inline: string | undefined): void {
    if (flag.type === 'boolean') {
      if (inline !== undefined) throw usage(`${where} takes no value`)
      this.#given.set(name, { value: true, where })
      return
    }
    const text = inline ?? this.#nextValue(where, flag.placeholder)
    const value = parseValue(where, flag, text)
    this.#given.set(name, { value: isRepeatable(flag) ? this.#longer(name, value) : value, where })
  }

  #longer(name: string, value: string | number): readonly string[] {
    const before = this.#given.get(name)?.value
    return [...(Array.isArray(before) ? (before as readonly string[]) : []), String(value)]
  }

  #nextValue(where: string, placeholder: string): string {
    const text = this.#left[0]
    // `--name --json` is a forgotten value rather than a strange one.
    if (text === undefined || text.startsWith('--')) throw usage(`${where} needs ${placeholder}`)
    this.#left.shift()
    return text
  }

  #unknown(typed: string): Error {
    const { name, flags } = this.#table
    const meant = nearest(typed, [...Object.keys(flags).map(longName), '--help'])
    const hint = meant === undefined ? `see p2pjobs ${name} --help` : `did you mean ${meant}?`
    return usage(`unknown flag ${typed} of ${name}; ${hint}`)
  }
}

function operandsOf(table: CommandTable, words: readonly string[]): Operands {
  const [unexpected] = words
  if (table.operands === 'none' && unexpected !== undefined) {
    throw usage(`unexpected '${unexpected}'; see p2pjobs ${table.name} --help`)
  }
  if (table.operands === 'words') return { command: '', inputs: undefined, words }
  const marks = words.filter((word) => SEPARATORS.includes(word))
  const unsupported = marks.length > 1 ? marks[1] : marks.find((word) => word !== ':::')
  if (unsupported !== undefined) {
    throw usage(`'${unsupported}' is not supported here; give the arguments after one :::`)
  }
  const mark = words.indexOf(':::')
  if (mark < 0) return { command: words.join(' '), inputs: undefined }
  return { command: words.slice(0, mark).join(' '), inputs: words.slice(mark + 1) }
}
