/**
 * The script text with which a spawner's persistent shell runs one task.
 *
 *     cd -- DIR && unset OLDPWD && (NAME=VALUE.. /bin/sh -c LINE </dev/null >OUT 2>ERR)
 *     printf '\n%s %s\n' TOKEN "$?"
 *
 * The parentheses matter: dash applies the redirections of a plain command to itself for as long
 * as the command runs, so that its own notice ("Killed") would land in the task's stderr.
 */
import { quoted, quotedText } from './quoting.ts'

export interface TaskScript {
  readonly shell: string
  readonly directory: string
  readonly line: Uint8Array
  /** The line is the words of one program: it needs no shell of its own. */
  readonly isSimple: boolean
  /** Set in this order, after what the shell itself was started with. */
  readonly environment: readonly (readonly [name: string, value: string])[]
  readonly stdout: string
  readonly stderr: string
  /** Marks the line with the exit status among whatever else the shell says. */
  readonly token: string
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Variables that some shell watches, checks or forbids to set: `env` has to set them. */
const SHELL_VARIABLE = new RegExp(
  '^(BASH.*|COMP_.*|COPROC|CDPATH|DIRSTACK|ENV|EPOCH.*|EUID|FPATH|FUNC.*|GROUPS|HIST.*|HOME|IFS|' +
    'LANG|LANGUAGE|LC_.*|LINENO|MAIL.*|OLDPWD|OPT.*|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-9]|' +
    'PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|TERM|TIMEFORMAT|TMOUT|UID|_)$'
)

/** The bytes to write to the shell's standard input. */
export function taskScript(task: TaskScript): Buffer {
  const assigned = task.environment.filter(([name]) => isAssignable(name))
  const handed = task.environment.filter(([name]) => !isAssignable(name))
  const before = [
    `cd -- ${quotedText(task.directory)} && unset OLDPWD && (`,
    ...assigned.map(([name, value]) => `${name}=${quotedText(value)} `),
    ...(handed.length > 0 ? ['/usr/bin/env '] : []),
    ...handed.map(([name, value]) => `${quotedText(`${name}=${value}`)} `),
    ...(needsShell(task) ? [`${task.shell} -c `] : [])
  ]
  const after =
    ` </dev/null >${quotedText(task.stdout)} 2>${quotedText(task.stderr)})\n` +
    `printf '\\n%s %s\\n' ${task.token} "$?"\n`
  return Buffer.concat([
    Buffer.from(before.join('')),
    needsShell(task) ? quoted(task.line) : task.line,
    Buffer.from(after)
  ])
}

/** Why an environment cannot be given to any process, or undefined. */
export function environmentFault(
  environment: Readonly<Record<string, string>>
): string | undefined {
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || name.includes('=') || `${name}${value}`.includes('\0')) {
      return `the environment variable ${JSON.stringify(name)} cannot be set: its name is empty or holds '=', or there is a NUL in it`
    }
  }
  return undefined
}

function isAssignable(name: string): boolean {
  return NAME.test(name) && !SHELL_VARIABLE.test(name)
}

/** A job that sets PATH or the like has its words looked up by a shell that knows it. */
function needsShell(task: TaskScript): boolean {
  return !task.isSimple || task.environment.some(([name]) => !isAssignable(name))
}
