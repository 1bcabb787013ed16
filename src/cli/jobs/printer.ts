/**
 * Prints results: each task's output whole, as tasks end or in the order of the inputs.
 *
 * Results that cannot be printed yet, because an earlier task still runs or because stdout is
 * slow, wait in memory up to a bound, and on disk beyond it.
 */
import { toError } from '../../core/errors.ts'
import type { EndState } from '../../core/task.ts'
import type { Result } from '../../core/result.ts'
import { payloadBytes } from '../../core/types.ts'
import type { NodeId, Payload } from '../../core/types.ts'

/** Output that waits in memory to be printed; more goes to disk. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024

/** How a task ended. */
export interface Settled {
  readonly task: number
  readonly attempt: number
  readonly state: EndState
  readonly worker: NodeId | undefined
  /** What that worker calls itself; empty where nobody ran it. */
  readonly name: string
  readonly result: Result
  readonly input: Uint8Array
}

/** What a printer needs of the master whose results it prints. */
export interface PrinterMaster {
  /** The bytes of an output, in chunks. */
  read(payload: Payload): AsyncIterable<Uint8Array>
  /** The result with its output on disk. */
  setAside(result: Result): Promise<Result>
  /** The result's output is not needed any more. */
  release(result: Result): Promise<void>
}

export interface PrinterInit {
  readonly master: PrinterMaster
  readonly keepOrder: boolean
  print(settled: Settled, read: (payload: Payload) => AsyncIterable<Uint8Array>): Promise<void>
  /** A result is printed, and forgotten. */
  onPrinted?(): void
}

export class Printer {
  readonly #init: PrinterInit
  readonly #early = new Map<number, Promise<Settled>>()
  #waitingBytes = 0
  /** Results that are not printed yet. */
  unprinted = 0
  #next = 1
  #last: Promise<void> = Promise.resolve()
  #error: Error | undefined

  constructor(init: PrinterInit) {
    this.#init = init
  }

  /** Prints a result when its turn comes. */
  add(settled: Settled): void {
    this.unprinted++
    this.#waitingBytes += inMemory(settled.result)
    const kept = this.#waitingBytes > WAITING_BYTES_MAX ? this.#setAside(settled) : settled
    if (!this.#init.keepOrder) {
      this.#print(Promise.resolve(kept))
      return
    }
    this.#early.set(settled.task, Promise.resolve(kept))
    for (let due = this.#early.get(this.#next); due; due = this.#early.get(this.#next)) {
      this.#early.delete(this.#next++)
      this.#print(due)
    }
  }

  /** Resolves when everything so far is printed. Rejects with the first error of `print`. */
  async end(): Promise<void> {
    // In the order of the inputs, what comes after a task that never ends is printed all the same.
    for (const task of [...this.#early.keys()].sort((a, b) => a - b)) {
      const settled = this.#early.get(task)
      if (settled !== undefined) this.#print(settled)
    }
    this.#early.clear()
    await this.#last
    if (this.#error !== undefined) throw this.#error
  }

  #print(settled: Promise<Settled>): void {
    this.#last = this.#last.then(async () => {
      const ready = await settled
      try {
        await this.#init.print(ready, (payload) => this.#init.master.read(payload))
      } catch (error) {
        this.#error ??= toError(error)
      }
      this.#waitingBytes -= inMemory(ready.result)
      await this.#init.master.release(ready.result)
      this.unprinted--
      this.#init.onPrinted?.()
    })
  }

  async #setAside(settled: Settled): Promise<Settled> {
    const result = await this.#init.master.setAside(settled.result)
    this.#waitingBytes -= inMemory(settled.result) - inMemory(result)
    return { ...settled, result }
  }
}

/** Bytes of output held in memory; a blob is on disk. */
function inMemory({ stdout, stderr }: Result): number {
  return [stdout, stderr].reduce(
    (sum, payload) => sum + (payload instanceof Uint8Array ? payloadBytes(payload) : 0),
    0
  )
}
