/**
 * How a child ends before its time: a task, or what one left behind, ends the process or lets an
 * error escape. The node is told which task it was, and gets all results there are.
 *
 * What a task leaves behind (a timer, a promise nobody waits for) must not be charged to the task
 * that happens to run when it fails.
 */
import type { Outbox } from './outbox.ts'
import { NO_TASK, writeLeaving, writeNotice, writeRetiring } from '../child-messages.ts'
import type { Leaving } from '../child-messages.ts'
import { detailsOf, reasonOf } from './reasons.ts'
import type { RunningTask } from './running-task.ts'
import type { Runner } from './runner.ts'

/** Node's own exit code for an error that nobody caught. */
const UNCAUGHT = 1
/** More notices of one child than this would tell nobody anything new. */
const NOTICES_MAX = 5

export class Departure {
  readonly #outbox: Outbox
  readonly #runner: Runner
  #isTold = false
  #notices = 0

  constructor(outbox: Outbox, runner: Runner) {
    this.#outbox = outbox
    this.#runner = runner
  }

  install(): void {
    process.on('exit', (code) => this.#onExit(code))
    process.on('uncaughtException', (error, origin) => this.#onError(error, origin))
  }

  /** Ends the process; `seq` is the task to be charged for it. */
  leave(seq: number, exitCode: number, reason: string): void {
    this.#tell({ seq, exitCode, reason })
    process.exit(exitCode)
  }

  #onExit(code: number): void {
    // As the system cuts it: `process.exit(-1)` ends with 255.
    const exitCode = code & 0xff
    const task = this.#runner.tasks.getStore()
    const reason = `process.exit(${code}) was called`
    const isRunning = task !== undefined && !task.hasEnded
    if (!isRunning && task !== undefined) this.#notice(`${whatWasLeft(task)}: ${reason}`)
    this.#tell({ seq: isRunning ? task.order.seq : NO_TASK, exitCode, reason })
  }

  #onError(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
    const isRejection = origin === 'unhandledRejection'
    const what = `${isRejection ? 'unhandled rejection' : 'uncaught exception'}: ${reasonOf(error)}`
    const task = this.#runner.tasks.getStore() ?? this.#runner.current
    if (task !== undefined && !task.hasEnded) {
      task.print(true, Buffer.from(`${detailsOf(error)}\n`))
      this.leave(task.order.seq, UNCAUGHT, what)
      return
    }
    this.#notice(`${whatWasLeft(task)}: ${what}`)
    // A promise that nobody waits for leaves nothing half done. Anything else may have.
    if (isRejection) return
    writeRetiring(this.#outbox)
    this.#outbox.flush()
  }

  #tell(leaving: Leaving): void {
    if (this.#isTold) return
    this.#isTold = true
    this.#runner.current?.sendOutput()
    writeLeaving(this.#outbox, leaving)
    this.#outbox.flush()
  }

  #notice(text: string): void {
    if (++this.#notices > NOTICES_MAX) return
    writeNotice(this.#outbox, text)
    this.#outbox.flush()
  }
}

function whatWasLeft(task: RunningTask | undefined): string {
  if (task === undefined) return 'code outside of any task failed'
  const { job, task: number } = task.order
  return `job ${job}, task ${number} left something behind that failed after its end`
}
