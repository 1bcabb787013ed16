/** The executor of a node: commands and functions side by side. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import type { FunctionSpec, ShellSpec } from '../../src/core/spec.ts'
import type { BlobId, JobId, NodeId } from '../../src/core/types.ts'
import { createExecutor } from '../../src/exec/executor.ts'
import type { Executor, ExecutorInit, RunResult, TaskStart } from '../../src/exec/executor.ts'
import { decodeOutcomes, encodeCalls } from '../../src/values/calls.ts'
import { NO_EVENTS, bytesOf, textOf } from '../support/executors.ts'

const MODULE = fileURLToPath(new URL('../support/task-functions.mjs', import.meta.url))
const bundle = createHash('sha256').update(readFileSync(MODULE)).digest('hex') as BlobId

const shell: ShellSpec = {
  ...{ kind: 'shell', command: '', directory: tmpdir(), environment: {} },
  ...{ timeoutMs: undefined, outputBytesMax: 1_000_000, slotsMax: undefined }
}
const fn: FunctionSpec = {
  kind: 'function',
  function: { bundle: { blob: bundle, bytes: 1 }, exportName: 'add' },
  ...{ initializer: undefined, tasksPerChildMax: undefined, isAlone: false },
  ...{ memoryBytesMax: undefined, timeoutMs: undefined, outputBytesMax: 1_000_000 },
  slotsMax: undefined
}

describe('executor of every kind', function () {
  this.timeout(60_000)
  const path = process.env['PATH'] ?? ''
  let folder: string
  let executor: Executor
  let runs: number
  let waiting: Map<number, (result: RunResult) => void>

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-kinds-'))
    runs = 0
    waiting = new Map()
  })
  afterEach(async () => {
    process.env['PATH'] = path
    await executor.close()
    expect(readdirSync(folder)).to.deep.equal([])
    rmSync(folder, { recursive: true })
  })

  async function open(init: Partial<ExecutorInit> = {}): Promise<void> {
    const usual = { isolation: 'none', requiresSandbox: false, firstKind: 'shell' } as const
    executor = await createExecutor(
      { slots: 2, folder, ...usual, ...init },
      {
        ...NO_EVENTS,
        onEnded: (ends) => {
          for (const { run, result } of ends) waiting.get(run)?.(result)
        }
      }
    )
  }

  function start(
    ...tasks: readonly (readonly [ShellSpec | FunctionSpec, Uint8Array])[]
  ): Promise<RunResult[]> {
    const ends: Promise<RunResult>[] = []
    const starts = tasks.map(([spec, input]): TaskStart => {
      const run = ++runs
      ends.push(new Promise((resolve) => waiting.set(run, resolve)))
      const ids = { run, master: 'm' as NodeId, job: 1 as JobId, task: run, attempt: 1 }
      return { ...ids, spec, input, bundles: new Map([[bundle, MODULE]]) }
    })
    executor.start(starts)
    return Promise.all(ends)
  }

  const command = (line: string): readonly [ShellSpec, Uint8Array] => [shell, Buffer.from(line)]
  const add = (a: number, b: number): readonly [FunctionSpec, Uint8Array] => [
    fn,
    encodeCalls([[a, b]])
  ]

  for (const firstKind of ['shell', 'function'] as const) {
    it(`runs both kinds, whichever of them is ready first (${firstKind})`, async () => {
      await open({ firstKind })
      const [one, two, three] = await start(command('echo one'), add(1, 2), command('echo three'))
      expect(textOf(one!.stdout)).to.equal('one\n')
      expect(textOf(three!.stdout)).to.equal('three\n')
      const value = decodeOutcomes(bytesOf(two!.value))
      expect(value).to.deep.equal([{ ok: true, value: 3 }])
    })
  }

  it('gives back what waits for its executor to be made', async () => {
    await open()
    const ends = start(add(1, 2), add(3, 4))
    executor.recall(1)
    executor.stop(2)
    for (const end of await ends) expect(end).to.include({ outcome: 'returned' })
    const [again] = await start(add(1, 2))
    expect(again).to.include({ outcome: 'success' })
  })

  it('gives back what waits when it is closed, and what comes later', async () => {
    await open()
    const ends = start(add(1, 2))
    await executor.close()
    expect((await ends)[0]).to.include({ outcome: 'returned' })
    const [command1, function1] = await start(command('true'), add(1, 2))
    expect(command1).to.include({ outcome: 'returned' })
    expect(function1).to.include({ outcome: 'returned' })
  })

  it('stops a task of either kind', async () => {
    await open()
    const hang: FunctionSpec = { ...fn, function: { ...fn.function, exportName: 'hang' } }
    const ends = start(command('sleep 1000'), [hang, encodeCalls([[]])])
    await start(add(1, 2))
    executor.stop(1)
    executor.stop(2)
    for (const end of await ends) expect(end.outcome).to.be.oneOf(['failure', 'returned'])
  })

  it('fails at once where a sandbox is required and there is none', async () => {
    await open()
    const programs = mkdtempSync(join(tmpdir(), 'p2pjobs-programs-'))
    writeFileSync(join(programs, 'bwrap'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    process.env['PATH'] = `${programs}:${path}`
    for (const init of [{ requiresSandbox: true, isolation: 'auto' }, { isolation: 'bwrap' }]) {
      const usual = { slots: 1, folder, requiresSandbox: false, firstKind: 'shell' } as const
      const error = await createExecutor({ ...usual, ...init } as ExecutorInit, NO_EVENTS).catch(
        (e: unknown) => e
      )
      expect(error).to.include({ code: 'NO_SANDBOX' })
    }
    rmSync(programs, { recursive: true })
  })
})
