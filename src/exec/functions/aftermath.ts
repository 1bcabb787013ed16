/**
 * What becomes of runs whose child is gone: one is charged, the others begin again elsewhere.
 */
import type { Verdict } from '../verdict.ts'
import type { Child } from './child.ts'
import type { Crew } from './crew.ts'
import { causeOf, crash } from './death.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Death } from './launcher-messages.ts'
import type { Reports } from './reports.ts'
import type { Run } from './run.ts'

/** Children of a crew in a row that may fail to start before its tasks are refused. */
const FAILED_STARTS_MAX = 3

const KILLED: Verdict = {
  outcome: 'failure',
  reason: 'killed by SIGKILL',
  exitCode: undefined,
  signal: 'SIGKILL'
}

export class Aftermath {
  readonly #dispatcher: Dispatcher
  readonly #reports: Reports
  readonly #forget: (run: Run) => void

  /** @param forget called for every run that ends here */
  constructor(dispatcher: Dispatcher, reports: Reports, forget: (run: Run) => void) {
    this.#dispatcher = dispatcher
    this.#reports = reports
    this.#forget = forget
  }

  /** A child is dead. */
  ofDeath(child: Child, death: Death, isSandboxed: boolean): void {
    const guilty = child.guilty()
    const back: Run[] = []
    for (const run of child.release()) {
      if (run.isStopping) this.#end(run, KILLED, death)
      else if (run === guilty) {
        this.#end(run, crash(death, child.leaving, isSandboxed, run.start.spec), death)
      } else {
        this.#reports.reset(run)
        back.push(run)
      }
    }
    this.#dispatcher.putBack(back)
    if (!child.wasReady) this.#afterFailedStart(child, death, isSandboxed)
    this.#dispatcher.removeChild(child)
  }

  /** Children are gone for a reason that is no task's. */
  ofLoss(children: readonly Child[], reason: string): void {
    for (const child of children) {
      const current = child.current()
      const back = child.release().filter((run) => run !== current)
      if (current !== undefined) this.giveBack(current, reason)
      for (const run of back) this.#reports.reset(run)
      this.#dispatcher.putBack(back)
      this.#dispatcher.removeChild(child)
    }
  }

  /** No child can be started for a crew: its waiting runs are refused. */
  ofRefusal(crew: Crew | undefined, why: string): void {
    const reason = `no process for functions could be started: ${why}`
    for (const run of this.#dispatcher.takeWaiting(crew)) {
      this.#forget(run)
      this.#reports.unrun(run.start.run, 'refused', reason)
    }
  }

  /** The run ended for a reason that is not its own. */
  giveBack(run: Run, reason: string): void {
    const hasBegun = run.state === 'sent'
    this.#forget(run)
    if (!hasBegun) {
      this.#reports.unrun(run.start.run, 'returned', reason)
      return
    }
    const verdict: Verdict = { outcome: 'returned', reason, exitCode: undefined, signal: undefined }
    this.#reports.died(run, verdict, '')
  }

  #end(run: Run, verdict: Verdict, { lastWords }: Death): void {
    this.#forget(run)
    this.#reports.died(run, verdict, lastWords)
  }

  /** One process may be killed by somebody before it is ready. With several it will not get better. */
  #afterFailedStart(child: Child, death: Death, isSandboxed: boolean): void {
    const crew = this.#dispatcher.crew(child)
    if (crew === undefined || ++crew.failedStarts < FAILED_STARTS_MAX) return
    this.ofRefusal(crew, causeOf(death, isSandboxed, crew.work.spec.memoryBytesMax))
  }
}
