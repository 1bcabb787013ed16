/**
 * What a command is: a table of flags, and a body that is given their values.
 *
 * Flags are data. The parser, `--help`, the configuration file and docs/CLI.md are all made from
 * the tables, so none of them can disagree with the others.
 */
import type { Readable } from 'node:stream'

interface AnyFlag {
  /** One sentence without its full stop. */
  readonly summary: string
  /** One letter: `-k`. */
  readonly short?: string
  /** Makes sense only together with that flag of the same command. */
  readonly requires?: string
  /** Makes no sense together with that flag of the same command. */
  readonly excludes?: string
  /** Only on the command line: no file may turn this on unseen. */
  readonly onlyTyped?: true
}

export interface BooleanFlag extends AnyFlag {
  readonly type: 'boolean'
}

/** `file` differs from `text` only in a configuration file, beside which it is looked for. */
export interface TextFlag extends AnyFlag {
  readonly type: 'text' | 'file'
  readonly placeholder: string
  readonly default?: string
  readonly charactersMax?: number
  /** What every value has to look like, and one that does. */
  readonly shape?: { readonly pattern: RegExp; readonly example: string }
  /** May be given several times; its value is the list. */
  readonly repeatable?: true
}

/** A whole number, milliseconds (`30s`), or bytes (`64k`). */
export interface NumberFlag extends AnyFlag {
  readonly type: 'count' | 'duration' | 'size'
  readonly placeholder: string
  readonly default?: number
  readonly min: number
  readonly max: number
}

export type ValuedFlag = TextFlag | NumberFlag
export type Flag = BooleanFlag | ValuedFlag

/** By name in camelCase: `keepOrder` is `--keep-order`, and `"keepOrder"` in a configuration. */
export type FlagTable = Readonly<Record<string, Flag>>

export type FlagValue = boolean | string | number | readonly string[]

type ValueOf<F extends Flag> = F extends BooleanFlag
  ? boolean
  : F extends { readonly repeatable: true }
    ? readonly string[]
    : | (F extends NumberFlag ? number : string)
      | (F extends { readonly default: string | number } ? never : undefined)

export type FlagValues<Flags extends FlagTable> = {
  readonly [Name in keyof Flags]: ValueOf<Flags[Name]>
}

/** The words after the flags: `COMMAND ::: ARGUMENT...`. */
export interface Operands {
  /** The words before `:::`, joined by spaces; may be empty. */
  readonly command: string
  /** The words after `:::`; undefined without one: the arguments come from stdin. */
  readonly inputs: readonly string[] | undefined
  /** Of a command with operands of its own: those, among the flags wherever they stood. */
  readonly words?: readonly string[]
}

export interface CommandTable<Flags extends FlagTable = FlagTable> {
  readonly name: string
  readonly summary: string
  /** What follows the command's name, one form a line. */
  readonly usage: readonly string[]
  /** `words`: their number and meaning is the command's own business. */
  readonly operands: 'none' | 'command' | 'words'
  /** Under which title it stands in the overview. */
  readonly group?: 'jobs'
  /** Paragraphs. */
  readonly description: readonly string[]
  readonly flags: Flags
  readonly exitStatus: readonly (readonly [status: string, meaning: string])[]
  /** The exit status when nothing could be done: wrong usage, a fault, a bug. */
  readonly errorExitCode: number
  readonly examples: readonly string[]
}

/** What a command may touch of its process. */
export interface Context {
  /** For data. Resolves when the system has taken it; waiting for that keeps memory bounded. */
  readonly stdout: (chunk: string | Uint8Array) => Promise<void>
  /** For people. Takes whole lines, each with its end, or a progress line. */
  readonly stderr: (text: string) => void
  /** For what tasks print on their stderr. Resolves like `stdout`. */
  readonly taskStderr: (chunk: Uint8Array) => Promise<void>
  readonly stdin: Readable
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isTerminal: {
    readonly stdin: boolean
    readonly stdout: boolean
    readonly stderr: boolean
  }
  /**
   * The first Ctrl-C, a SIGTERM, or nobody left to read stdout (then without a word): end what
   * runs, tidy up, return.
   */
  readonly stopping: AbortSignal
  /** The second one: the process ends a moment later, whatever the command does. */
  readonly leaving: AbortSignal
  /** The terminal is gone: aborted just before `stopping` is, or later. */
  readonly hangup: AbortSignal
}

export interface Command<Flags extends FlagTable = FlagTable> {
  readonly table: CommandTable<Flags>
  /** The exit status. What it throws becomes one line on stderr and `errorExitCode`. */
  run(flags: FlagValues<Flags>, context: Context, operands: Operands): Promise<number>
}

/** A command from its table and its body. */
export function defineCommand<const Flags extends FlagTable>(
  table: CommandTable<Flags>,
  run: Command<Flags>['run']
): Command<Flags> {
  return { table, run }
}

export const ExitCode = {
  ok: 0,
  /** The command did its work, and some of it failed. */
  failed: 1,
  /** Wrong usage, or a fault that left nothing to do. */
  error: 2,
  /** The same for `run`, where small numbers count failed tasks, as in GNU parallel. */
  runError: 255
} as const

/** `keepOrder` as it is typed: `--keep-order`. */
export function longName(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** True for a flag whose value is a list. */
export function isRepeatable(flag: Flag): boolean {
  return 'repeatable' in flag
}

/** True for a flag whose value is a number. */
export function isNumberFlag(flag: ValuedFlag): flag is NumberFlag {
  return flag.type !== 'text' && flag.type !== 'file'
}
