/**
 * Everything that is decided about a task before it runs: its command line, environment, folder
 * and files. What cannot be run is found out here.
 */
import { accessSync, constants, mkdirSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import type { ShellSpec } from '../core/spec.ts'
import { commandLineFault, parseCommand, renderCommand } from './command-line.ts'
import type { CommandTemplate } from './command-line.ts'
import type { PipePair } from './pipe-pair.ts'
import { Programs } from './programs.ts'
import { simpleProgram } from './simple-command.ts'
import type { SpawnerInit, TaskOrder } from './spawner-messages.ts'
import { ScriptWriter, environmentFault } from './task-script.ts'
import { failure, refusal } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export interface TaskPlan {
  /** The script for the shell. */
  readonly text: Uint8Array
  /** What its files begin with, so that no other task has them. */
  readonly files: string
  /** An empty folder made for the task, to be removed after it. */
  readonly scratch: string | undefined
}

/** What is known of a job once its first task has been planned. */
interface JobPlan {
  readonly template: CommandTemplate
  readonly writer: ScriptWriter
  readonly fault: string | undefined
}

/** A folder that could be entered is not tried again for so long: a shell says what it misses. */
const ENTERED_MS = 1_000

export class TaskPlanner {
  readonly #init: SpawnerInit
  readonly #owner: string
  readonly #token: string
  readonly #programs = new Programs(process.env['PATH'])
  readonly #jobs = new WeakMap<ShellSpec, JobPlan>()
  /** Only dash is known to run `sh -c 'factor 12'` and `factor 12` with the same environment. */
  readonly #mayBeSimple: boolean
  #plans = 0
  #entered = { directory: '', until: 0 }

  constructor(init: SpawnerInit, owner: string, token: string, isDash: boolean) {
    this.#init = init
    this.#owner = owner
    this.#token = token
    this.#mayBeSimple = isDash
  }

  /**
   * How to run a task that prints into `pair`, or why it cannot be run. Makes its scratch folder if
   * it needs one.
   */
  plan(spec: ShellSpec, order: TaskOrder, pair: PipePair, now: number): TaskPlan | Verdict {
    const job = this.#jobPlan(spec)
    const line = renderCommand(job.template, order.input)
    const fault = commandLineFault(line)
    if (fault !== undefined) return failure(fault, undefined)
    if (job.fault !== undefined) return refusal(job.fault)
    // A run that is planned again must not find what its first plan left.
    const files = `${this.#init.spool}/${this.#plans++}`
    const scratch = this.#canEnter(spec.directory, now) ? undefined : `${files}.d`
    if (scratch !== undefined) mkdirSync(scratch)
    const text = job.writer.write({
      order,
      directory: scratch ?? spec.directory,
      line,
      isSimple: this.#isSimple(line, now),
      stdout: pair.stdout.path,
      stderr: pair.stderr.path
    })
    return { text, files, scratch }
  }

  #jobPlan(spec: ShellSpec): JobPlan {
    const known = this.#jobs.get(spec)
    if (known !== undefined) return known
    const { command, environment } = spec
    const { shell } = this.#init
    const job = {
      template: parseCommand(command),
      writer: new ScriptWriter({ shell, environment, owner: this.#owner, token: this.#token }),
      fault: environmentFault(environment)
    }
    this.#jobs.set(spec, job)
    return job
  }

  #isSimple(line: Uint8Array, now: number): boolean {
    if (!this.#mayBeSimple) return false
    const program = simpleProgram(line)
    return program !== undefined && this.#programs.isProgram(program, now)
  }

  #canEnter(directory: string, now: number): boolean {
    const entered = this.#entered
    if (directory === entered.directory && now < entered.until) return true
    if (!canEnter(directory)) return false
    this.#entered = { directory, until: now + ENTERED_MS }
    return true
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
