/**
 * Results to print, and a master that only takes note of what it is asked for.
 */
import { Readable } from 'node:stream'
import type { MasterNotice } from '../../../../src/core/master/events.ts'
import { emptyResult } from '../../../../src/core/result.ts'
import type { Outcome, Result } from '../../../../src/core/result.ts'
import type { BlobId, JobId, NodeId, Payload } from '../../../../src/core/types.ts'
import { isBlobRef } from '../../../../src/core/types.ts'
import type { PublishMaster } from '../../../../src/cli/jobs/publish.ts'
import type { Settled } from '../../../../src/cli/jobs/printer.ts'

export const LAB = '12D3KooWlab' as NodeId
export const JOB = 1 as JobId

export interface ResultText {
  readonly stdout?: string | Uint8Array
  readonly stderr?: string | Uint8Array
  readonly outcome?: Outcome
  readonly reason?: string
  readonly exitCode?: number | undefined
  readonly signal?: string
}

export function aResult(text: ResultText = {}): Result {
  const { stdout = '', stderr = '', outcome = 'success', reason = '', signal } = text
  const exitCode = 'exitCode' in text ? text.exitCode : outcome === 'success' ? 0 : 1
  return {
    ...emptyResult(outcome, reason),
    exitCode,
    signal,
    stdout: Buffer.from(stdout),
    stderr: Buffer.from(stderr),
    startedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    runtimeMs: 7
  }
}

/** A task that succeeded on `lab`, unless told otherwise. */
export function aSettled(more: Partial<Settled> & { text?: ResultText } = {}): Settled {
  const { text, ...rest } = more
  return {
    task: 1,
    attempt: 1,
    state: 'finished',
    worker: LAB,
    name: 'lab',
    result: aResult(text),
    input: Buffer.from('argument'),
    ...rest
  }
}

/** Payloads as they are read: in chunks of two bytes. */
export async function* inChunks(payload: Payload): AsyncGenerator<Uint8Array, void, undefined> {
  if (isBlobRef(payload)) return
  for (let from = 0; from < payload.length; from += 2) {
    await Promise.resolve()
    yield payload.subarray(from, from + 2)
  }
}

/** Notices as a master with one job of its own would give them. */
export const notice = {
  joined: (worker = LAB, name = 'lab'): MasterNotice => ({
    type: 'joined',
    worker,
    name,
    slots: 1
  }),
  parted: (worker = LAB): MasterNotice => ({ type: 'parted', worker, name: 'lab', reason: 'left' }),
  dispatched: (...tasks: number[]): MasterNotice => ({
    type: 'dispatched',
    worker: LAB,
    attempts: tasks.map((task) => ({ job: JOB, task, attempt: 1 }))
  }),
  setback: (task: number, reason: string): MasterNotice => ({
    type: 'setback',
    job: JOB,
    task,
    attempt: 1,
    worker: LAB,
    reason,
    delayMs: 0
  }),
  settled: (
    task: number,
    state: Settled['state'] = 'finished',
    text: ResultText = {}
  ): MasterNotice => ({
    type: 'settled',
    job: JOB,
    task,
    attempt: 1,
    state,
    worker: LAB,
    result: aResult(text)
  }),
  ended: (): MasterNotice => ({ type: 'ended', job: JOB, counts: {} as never })
}

export class TestMaster implements PublishMaster {
  /** Calls, in their order. */
  readonly calls: string[] = []
  readonly released: Result[] = []
  readonly state = { waitingTasks: 0, jobs: new Map() }
  /** What is called back when a job is canceled. */
  onCancel: () => void = () => undefined

  submit(): JobId {
    this.calls.push('submit')
    return JOB
  }

  add(_job: JobId, inputs: readonly Payload[]): void {
    this.calls.push(`add ${inputs.map((input) => textOf(input)).join(' ')}`)
  }

  close(): void {
    this.calls.push('close')
  }

  cancel(): void {
    this.calls.push('cancel')
    this.onCancel()
  }

  read(payload: Payload): AsyncGenerator<Uint8Array, void, undefined> {
    return inChunks(payload)
  }

  release(result: Result): Promise<void> {
    this.released.push(result)
    return Promise.resolve()
  }

  setAside(result: Result): Promise<Result> {
    const ref = { blob: 'aside' as BlobId, bytes: 1 }
    return Promise.resolve({ ...result, stdout: ref, stderr: ref })
  }
}

function textOf(payload: Payload): string {
  return isBlobRef(payload) ? payload.blob : Buffer.from(payload).toString()
}

/** Chunks of text as a stream has them. */
export function chunks(...texts: readonly (string | Uint8Array)[]): Readable {
  return Readable.from(texts.map((text) => Buffer.from(text)))
}

/** Everything that is due before the next input or output has been done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
