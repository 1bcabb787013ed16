/**
 * The script text with which a spawner's persistent shell runs one task.
 *
 *     read -r turn <&9 && [ -z "$turn" ] && cd -- DIR && unset OLDPWD &&
 *     (NAME=VALUE.. /bin/sh -c LINE) 9<&- </dev/null >OUT 2>ERR
 *     printf '\n%s %s\n' TOKEN "$?"
 *
 * It begins by taking its permit, see `slot.ts`. The parentheses matter: dash applies the
 * redirections of a plain command to itself for as long as the command runs, so that its own
 * notice ("Killed") would land in the task's stderr.
 */
import { PERMITS } from './helper-shell.ts'
import { COOKIE_NAME } from './processes.ts'
import { quoted, quotedText } from './quoting.ts'
import type { TaskOrder } from './spawner-messages.ts'

/** What the tasks of a job share. */
export interface JobScript {
  readonly shell: string
  /** Set in this order, after what the shell itself was started with, before what is ours. */
  readonly environment: Readonly<Record<string, string>>
  /** See FoundProcess. */
  readonly owner: string
  /** Marks the line with the exit status among whatever else the shell says. */
  readonly token: string
}

export interface TaskScript {
  readonly order: Omit<TaskOrder, 'input'>
  readonly directory: string
  readonly line: Uint8Array
  /** The line is the words of one program: it needs no shell of its own. */
  readonly isSimple: boolean
  readonly stdout: string
  readonly stderr: string
}

const OURS = new Set(['P2PJOBS_JOB_ID', 'P2PJOBS_TASK_ID', 'P2PJOBS_ATTEMPT', COOKIE_NAME])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Variables that some shell watches, checks or forbids to set: `env` has to set them. */
const SHELL_VARIABLE = new RegExp(
  '^(BASH.*|COMP_.*|COPROC|CDPATH|DIRSTACK|ENV|EPOCH.*|EUID|FPATH|FUNC.*|GROUPS|HIST.*|HOME|IFS|' +
    'LANG|LANGUAGE|LC_.*|LINENO|MAIL.*|OLDPWD|OPT.*|PATH|PIPESTATUS|POSIXLY_CORRECT|PPID|PS[0-9]|' +
    'PWD|RANDOM|SECONDS|SHELLOPTS|SHLVL|SRANDOM|TERM|TIMEFORMAT|TMOUT|UID|_)$'
)

/** Writes the scripts of one job's tasks: what they share is put together once. */
export class ScriptWriter {
  readonly #job: JobScript
  readonly #assigned: string
  readonly #handed: string

  constructor(job: JobScript) {
    this.#job = job
    const entries = Object.entries(job.environment).filter(([name]) => !OURS.has(name))
    const assigned = entries.filter(([name]) => isAssignable(name))
    // A job that sets PATH or the like has its words looked up by a shell that knows it.
    const handed = entries.filter(([name]) => !isAssignable(name))
    this.#assigned = assigned.map(([name, value]) => `${name}=${quotedText(value)} `).join('')
    this.#handed = handed.map(([name, value]) => `${quotedText(`${name}=${value}`)} `).join('')
  }

  /** The bytes to write to the shell's standard input. */
  write({ order, directory, line, isSimple, stdout, stderr }: TaskScript): Buffer {
    const { shell, owner, token } = this.#job
    const { run, job, task, attempt } = order
    const ours =
      `P2PJOBS_JOB_ID=${job} P2PJOBS_TASK_ID=${task} P2PJOBS_ATTEMPT=${attempt} ` +
      `${COOKIE_NAME}=${owner}/${run} `
    const handed = this.#handed === '' ? '' : `/usr/bin/env ${this.#handed}`
    const needsShell = !isSimple || handed !== ''
    const before =
      `read -r turn <&${PERMITS} && [ -z "$turn" ] && cd -- ${quotedText(directory)} && ` +
      `unset OLDPWD && (${this.#assigned}${ours}${handed}${needsShell ? `${shell} -c ` : ''}`
    const after =
      `) ${PERMITS}<&- </dev/null >${quotedText(stdout)} 2>${quotedText(stderr)}\n` +
      `printf '\\n%s %s\\n' ${token} "$?"\n`
    const words = needsShell ? quoted(line) : line
    return Buffer.concat([Buffer.from(before), words, Buffer.from(after)])
  }
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
