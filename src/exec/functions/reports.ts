/**
 * From how a run ended to its report, with all that it printed and returned.
 */
import { Budget } from '../../core/budget.ts'
import { OUTPUTS_IN_MEMORY_BYTES_MAX, VALUE_BYTES_MAX } from '../../core/limits.ts'
import type { Outcome } from '../../core/result.ts'
import { isNoSpace, toError } from '../../core/errors.ts'
import { Batch } from '../batch.ts'
import { discardOutput } from '../executor.ts'
import type { ExecutorEvents, Output, OutputRange, RunEnd, RunResult } from '../executor.ts'
import { Followed } from '../followed.ts'
import type { Verdict } from '../verdict.ts'
import { STREAMS } from './child-messages.ts'
import type { ChildEnd, StreamName } from './child-messages.ts'
import { RunOutput, copyOf } from './run-output.ts'
import type { Run } from './run.ts'

const NOTHING = new Uint8Array(0)
const NO_OUTPUT = { stdout: NOTHING, stderr: NOTHING, value: NOTHING }

type ReportEvents = Pick<ExecutorEvents, 'onEnded' | 'onNoSpace' | 'onNotice' | 'onPrinted'>
type Outputs = Readonly<Record<StreamName, Uint8Array>>
type Times = Pick<RunResult, 'startedAt' | 'runtimeMs'>

export class Reports {
  readonly #handover: string
  readonly #ends: Batch<RunEnd>
  readonly #onNotice: (text: string) => void
  readonly #onNoSpace: () => void
  readonly #followed: Followed
  readonly #memory = new Budget(OUTPUTS_IN_MEMORY_BYTES_MAX)
  readonly #pending = new Set<Promise<void>>()
  #outputs = 0

  /** @param handover large output is handed over as `<handover>-<number>.<stream>` */
  constructor(handover: string, events: ReportEvents) {
    this.#handover = handover
    this.#ends = new Batch((ends) => events.onEnded(ends))
    this.#onNotice = (text) => events.onNotice(text)
    this.#onNoSpace = () => events.onNoSpace()
    this.#followed = new Followed((run, stream) => events.onPrinted(run, stream))
  }

  /**
   * Takes output that comes before the end; false: not more until `onceDrained`. Throws when it is
   * more than a child may send.
   */
  onOutput(run: Run, stream: number, bytes: Uint8Array): boolean {
    const name = STREAMS[stream]
    if (name === undefined) throw new RangeError(`there is no stream ${stream}`)
    const outputs = (run.outputs ??= new Map<StreamName, RunOutput>())
    const output = outputs.get(name) ?? this.#newOutput(run, name)
    outputs.set(name, output)
    const { outputBytesMax } = run.start.spec
    const bytesMax = name === 'value' ? VALUE_BYTES_MAX : outputBytesMax
    if (output.bytes + bytes.length > bytesMax) throw new RangeError(`${name} is too long`)
    return output.add(bytes)
  }

  /** What the run has printed so far: see the executor. */
  async read(run: Run, { stream, ...range }: OutputRange): Promise<Uint8Array | undefined> {
    let bytes: Uint8Array | undefined
    try {
      bytes = await run.outputs?.get(stream)?.read(range)
    } catch {
      // It has ended meanwhile; or the disk is at fault, which the task's result will say.
      return undefined
    }
    if (run.state === 'ended') return undefined
    if (bytes === undefined || bytes.length === 0) this.#followed.add(run.start.run, stream)
    return bytes ?? NOTHING
  }

  /** Nobody can follow the run any more. */
  forget({ start }: Run): void {
    this.#followed.forget(start.run)
  }

  /** Calls back once more output can be taken. */
  onceDrained({ outputs }: Run, listener: () => void): void {
    const draining = [...(outputs?.values() ?? [])].map((output) => output.drained())
    void Promise.all(draining).then(listener)
  }

  /** The run ended in its child. */
  ended(run: Run, end: ChildEnd): void {
    const { isSuccess, reason, startedAt, runtimeMs, stdout, stderr, value } = end
    const outcome = isSuccess ? 'success' : 'failure'
    const verdict: Verdict = { outcome, reason, exitCode: undefined, signal: undefined }
    const times = { startedAt: Math.round(startedAt), runtimeMs: Math.round(runtimeMs) }
    this.#report(run, verdict, times, { stdout, stderr, value })
  }

  /** The run ended with its child; `lastWords` are evidence. */
  died(run: Run, verdict: Verdict, lastWords: string): void {
    const runtimeMs = Math.round(performance.now() - run.sentAt)
    const times = { startedAt: Date.now() - runtimeMs, runtimeMs }
    // What it has returned so far is not what it would have returned.
    this.#discard(run, 'value')
    this.#report(run, verdict, times, { ...NO_OUTPUT, stderr: Buffer.from(lastWords) })
  }

  /** The run has to begin again: what came of it so far is nobody's. */
  reset(run: Run): void {
    for (const name of STREAMS) this.#discard(run, name)
    run.outputs = undefined
  }

  /** The run ends without having been run here. */
  unrun(run: number, outcome: Outcome, reason: string): void {
    const verdict = { outcome, reason, exitCode: undefined, signal: undefined }
    this.#ends.add({ run, result: { ...verdict, startedAt: 0, runtimeMs: 0, ...NO_OUTPUT } })
  }

  /** Resolves when nothing is being gathered any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending)
  }

  #newOutput(run: Run, name: StreamName): RunOutput {
    const path = `${this.#handover}-${++this.#outputs}.${name}`
    return new RunOutput({
      path,
      memory: this.#memory,
      onReadable: () => {
        if (name !== 'value') this.#followed.printed(run.start.run, name)
      }
    })
  }

  #discard({ outputs }: Run, name: StreamName): void {
    const output = outputs?.get(name)
    outputs?.delete(name)
    if (output !== undefined) this.#track(output.discard())
  }

  #report(run: Run, verdict: Verdict, times: Times, last: Outputs): void {
    if (run.outputs !== undefined) {
      this.#track(this.#gather(run, verdict, times, last))
      return
    }
    const { outcome, reason, exitCode, signal } = verdict
    const { startedAt, runtimeMs } = times
    const [stdout, stderr] = [copyOf(last.stdout), copyOf(last.stderr)]
    const outputs = { stdout, stderr, value: copyOf(last.value) }
    const result = { outcome, reason, exitCode, signal, startedAt, runtimeMs, ...outputs }
    this.#ends.add({ run: run.start.run, result })
  }

  async #gather(run: Run, verdict: Verdict, times: Times, last: Outputs): Promise<void> {
    const number = run.start.run
    const take = (name: StreamName): Output | Promise<Output> => {
      const output = run.outputs?.get(name)
      if (output === undefined) return copyOf(last[name])
      output.add(last[name])
      return output.end()
    }
    // Before anything is waited for: the bytes are views of a chunk.
    const taken = { stdout: take('stdout'), stderr: take('stderr'), value: take('value') }
    try {
      const stdout = await taken.stdout
      const stderr = await taken.stderr
      const value = await taken.value
      this.#ends.add({ run: number, result: { ...verdict, ...times, stdout, stderr, value } })
    } catch (error) {
      const pending = Object.values(taken).map((output) => Promise.resolve(output))
      for (const output of await Promise.allSettled(pending)) {
        if (output.status === 'fulfilled') await discardOutput(output.value)
      }
      if (isNoSpace(error)) this.#onNoSpace()
      const reason = `the output of the task could not be kept: ${toError(error).message}`
      this.unrun(number, 'refused', reason)
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => this.#onNotice(`${toError(error).message}; remove it by hand`))
      .finally(() => this.#pending.delete(tracked))
    this.#pending.add(tracked)
  }
}
