/**
 * Everything that is decided about a task before it runs: its command line, environment, folder
 * and files. What cannot be run is found out here.
 */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import type { ShellSpec } from '../core/spec.ts'
import { commandLineFault, parseCommand, renderCommand } from './command-line.ts'
import type { CommandTemplate } from './command-line.ts'
import { COOKIE_NAME } from './processes.ts'
import { Programs } from './programs.ts'
import { simpleProgram } from './simple-command.ts'
import type { SpawnerInit, TaskOrder } from './spawner-messages.ts'
import { environmentFault, taskScript } from './task-script.ts'
import { failure, refusal } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export interface TaskPlan {
  readonly script: Uint8Array
  readonly stdout: string
  readonly stderr: string
  /** An empty folder made for the task, to be removed after it. */
  readonly scratch: string | undefined
}

const TEMPLATES_MAX = 64

export class TaskPlanner {
  readonly #init: SpawnerInit
  readonly #owner: string
  readonly #token: string
  readonly #programs = new Programs(process.env['PATH'])
  readonly #templates = new Map<string, CommandTemplate>()
  #plans = 0
  /** Only dash is known to run `sh -c 'factor 12'` and `factor 12` with the same environment. */
  readonly #mayBeSimple: boolean

  constructor(init: SpawnerInit, owner: string, token: string, isDash: boolean) {
    this.#init = init
    this.#owner = owner
    this.#token = token
    this.#mayBeSimple = isDash
  }

  /** How to run a task, or why it cannot be run. Makes its scratch folder if it needs one. */
  plan(spec: ShellSpec, order: TaskOrder): TaskPlan | Verdict {
    const line = renderCommand(this.#template(spec.command), order.input)
    const fault = commandLineFault(line)
    if (fault !== undefined) return failure(fault, undefined)
    const unset = environmentFault(spec.environment)
    if (unset !== undefined) return refusal(unset)
    // A run that is planned again must not find what its first plan left.
    const files = join(this.#init.spool, String(this.#plans++))
    const scratch = canEnter(spec.directory) ? undefined : `${files}.d`
    if (scratch !== undefined) mkdirSync(scratch)
    const stdout = `${files}.o`
    const stderr = `${files}.e`
    const script = taskScript({
      shell: this.#init.shell,
      directory: scratch ?? spec.directory,
      line,
      isSimple: this.#isSimple(line),
      environment: this.#environmentOf(spec, order),
      stdout,
      stderr,
      token: this.#token
    })
    return { script, stdout, stderr, scratch }
  }

  #template(command: string): CommandTemplate {
    const known = this.#templates.get(command)
    if (known !== undefined) return known
    if (this.#templates.size >= TEMPLATES_MAX) this.#templates.clear()
    const template = parseCommand(command)
    this.#templates.set(command, template)
    return template
  }

  #isSimple(line: Uint8Array): boolean {
    if (!this.#mayBeSimple) return false
    const program = simpleProgram(line)
    return program !== undefined && this.#programs.isProgram(program, performance.now())
  }

  #environmentOf(spec: ShellSpec, order: TaskOrder): (readonly [string, string])[] {
    const ours: Readonly<Record<string, string>> = {
      P2PJOBS_JOB_ID: String(order.job),
      P2PJOBS_TASK_ID: String(order.task),
      P2PJOBS_ATTEMPT: String(order.attempt),
      [COOKIE_NAME]: `${this.#owner}/${order.run}`
    }
    return Object.entries({ ...spec.environment, ...ours })
  }
}

function canEnter(directory: string): boolean {
  if (!isAbsolute(directory)) return false
  try {
    accessSync(`${directory}/.`, constants.X_OK)
    return true
  } catch {
    return false
  }
}
