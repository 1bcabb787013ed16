/**
 * The texts made from the tables: `--help` of the program and of each command, and docs/CLI.md.
 */
import { isNumberFlag, isRepeatable, longName } from './command.ts'
import type { CommandTable, Flag, ValuedFlag } from './command.ts'
import { jsonEvents } from './json-events.ts'
import type { JsonEvent, JsonField } from './json-events.ts'
import { showNumber } from './values.ts'

const COLUMNS = 80

const TAGLINE = 'The machines of a room work as one: a peer-to-peer task network.'

const ENVIRONMENT: readonly (readonly [name: string, meaning: string])[] = [
  ['P2PJOBS_HOME', 'One folder for everything p2pjobs keeps: identity, tokens, data'],
  ['P2PJOBS_TOKEN', 'The token of the network, instead of the one kept']
]

const CONFIGURATION =
  'A configuration file holds the flags of one command by their names in camelCase, as ' +
  '`{"slots": 4, "join": ["/ip4/192.168.1.5/tcp/4001"], "lease": "10s", "noMdns": true}`. Files ' +
  'that it names are looked for beside it. A time is given as `30s`, `5m`, `1.5h`, `250ms`, or in ' +
  'seconds.'

const JSON_NOTE =
  'With `--json` a command prints one JSON object per line on stdout, each with its `event`. Bytes ' +
  'that are not UTF-8 come as base64, in a field with another name, and so does an output that would take ' +
  'more than 192 MiB as text, for all its control characters. Later versions may add events ' +
  'and fields. What people should know still goes to stderr, as text.'

const GENERAL: readonly (readonly [name: string, meaning: string])[] = [
  ['-h, --help', 'Print this, or the help of a command'],
  ['    --version', 'Print the version']
]

/** `p2pjobs --help`. */
export function overview(tables: readonly CommandTable[]): string {
  return sections([
    TAGLINE,
    'Usage: p2pjobs COMMAND [FLAG]...',
    titled('Commands:', summaries(tables.filter(({ group }) => group === undefined))),
    titled(
      'The jobs of the master node of this home:',
      summaries(tables.filter(({ group }) => group === 'jobs'))
    ),
    titled('Flags:', columns(GENERAL)),
    titled('Environment:', columns(ENVIRONMENT)),
    'See p2pjobs COMMAND --help for the flags of a command.'
  ])
}

function summaries(tables: readonly CommandTable[]): string[] {
  return columns(tables.map(({ name, summary }) => [name, summary]))
}

/** `p2pjobs COMMAND --help`. */
export function commandHelp(table: CommandTable): string {
  const flags = Object.entries(table.flags).map(
    ([name, flag]) => [aligned(flag) + forms(name, flag).join(', '), meaningOf(flag)] as const
  )
  return sections([
    `${table.summary}.`,
    usageLines(table)
      .map((line, index) => (index === 0 ? 'Usage: ' : '       ') + line)
      .join('\n'),
    ...table.description.map((paragraph) => wrap(paragraph, '').join('\n')),
    titled('Flags:', columns([...flags, ['-h, --help', 'Print this']])),
    titled('Exit status:', columns(table.exitStatus)),
    titled(
      'Examples:',
      table.examples.map((line) => `  ${line}`)
    )
  ])
}

/** docs/CLI.md, whole. */
export function commandReference(tables: readonly CommandTable[]): string {
  return sections([
    '# The command line',
    'Made from the tables in `src/cli/flags.ts`; a test says when it is not what they make.',
    CONFIGURATION,
    ['Environment:', '', ...bullets(ENVIRONMENT)].join('\n'),
    ...tables.map(commandChapter),
    jsonChapter(jsonEvents)
  ])
}

function commandChapter(table: CommandTable): string {
  const flags = Object.entries(table.flags).map(
    ([name, flag]) => [forms(name, flag).join('`, `'), meaningOf(flag)] as const
  )
  return sections([
    `## p2pjobs ${table.name}`,
    `${table.summary}.`,
    ['```sh', ...usageLines(table), '```'].join('\n'),
    ...table.description,
    ...(flags.length === 0 ? [] : [['Flags:', '', ...bullets(flags)].join('\n')]),
    ['Exit status:', '', ...bullets(table.exitStatus)].join('\n'),
    ['For example:', '', '```sh', ...table.examples, '```'].join('\n')
  ]).trimEnd()
}

function jsonChapter(events: readonly JsonEvent[]): string {
  return sections(['## JSON', JSON_NOTE, ...events.map(jsonSection)]).trimEnd()
}

function jsonSection({ event, of, meaning, fields }: JsonEvent): string {
  return sections([
    `### ${event}`,
    `Of ${of}: ${meaning}.`,
    fields.map((field) => `- ${jsonNames(field)}: ${field.meaning}.`).join('\n')
  ]).trimEnd()
}

function jsonNames({ name, isBytes, isOptional }: JsonField): string {
  const names = isBytes === true ? `\`${name}\` or \`${name}Base64\`` : `\`${name}\``
  return isOptional === true ? `${names} (optional)` : names
}

function usageLines(table: CommandTable): string[] {
  return table.usage.map((form) => `p2pjobs ${table.name} ${form}`)
}

/** The ways to type a flag: `-j N`, `--slots N`. */
function forms(name: string, flag: Flag): string[] {
  const value = flag.type === 'boolean' ? '' : ` ${flag.placeholder}`
  const short = flag.short === undefined ? [] : [`-${flag.short}${value}`]
  return [...short, longName(name) + value]
}

function aligned(flag: Flag): string {
  return flag.short === undefined ? '    ' : ''
}

/** The summary with what the table knows besides. */
function meaningOf(flag: Flag): string {
  const defaultText = flag.type === 'boolean' ? undefined : defaultOf(flag)
  const notes = [
    ...(isRepeatable(flag) ? ['repeatable'] : []),
    ...(defaultText === undefined ? [] : [`default: ${defaultText}`])
  ]
  return flag.summary + (notes.length === 0 ? '' : ` (${notes.join('; ')})`)
}

function defaultOf(flag: ValuedFlag): string | undefined {
  if (!isNumberFlag(flag)) return flag.default
  return flag.default === undefined ? undefined : showNumber(flag, flag.default)
}

function bullets(rows: readonly (readonly [string, string])[]): string[] {
  return rows.map(([term, meaning]) => `- \`${term.trim()}\`: ${meaning}.`)
}

/** Two columns, the second one wrapped. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([term]) => term.length)) + 4
  return rows.flatMap(([term, meaning]) => {
    const [first = '', ...rest] = wrap(meaning, ' '.repeat(width))
    return [`  ${term}`.padEnd(width) + first.trimStart(), ...rest]
  })
}

function wrap(text: string, indent: string): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > COLUMNS) {
      lines.push(indent + line)
      line = word
    } else line += line === '' ? word : ` ${word}`
  }
  return [...lines, indent + line]
}

function titled(title: string, lines: readonly string[]): string {
  return [title, ...lines].join('\n')
}

/** Blocks with an empty line between them. */
function sections(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`
}
