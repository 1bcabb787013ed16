import { expect } from 'chai'
import type { ShellSpec } from '../../../src/core/spec.ts'
import type { BlobId } from '../../../src/core/types.ts'
import type { RunResult } from '../../../src/exec/executor.ts'
import { FrameReader, encodeFrame } from '../../../src/exec/frames.ts'
import {
  packEvent,
  packRequest,
  unpackEvent,
  unpackRequest
} from '../../../src/exec/spawner-codec.ts'
import type { SpawnerEvent, SpawnerRequest } from '../../../src/exec/spawner-messages.ts'

const spec: ShellSpec = {
  kind: 'shell',
  command: 'echo {}',
  directory: '/',
  environment: { A: 'naïve\n' },
  timeoutMs: 5,
  outputBytesMax: 1_000,
  slotsMax: 2
}
const order = { run: 1, job: 2, task: 3, attempt: 4 }
const plain: RunResult = {
  outcome: 'success',
  reason: '',
  exitCode: 0,
  signal: undefined,
  stdout: Uint8Array.of(1, 2),
  stderr: new Uint8Array(0),
  value: new Uint8Array(0),
  startedAt: 1_764_100_000_000,
  runtimeMs: 7
}
const file = { path: '/x', bytes: 300_000, blob: 'ab' as BlobId }

describe('spawner messages', () => {
  const requests: SpawnerRequest[] = [
    {
      type: 'start',
      spec,
      tasks: [
        { ...order, input: Uint8Array.of(0, 255) },
        { ...order, run: 2, input: new Uint8Array(0) },
        { ...order, run: 3, input: Uint8Array.of(7) }
      ]
    },
    { type: 'stop', run: 1 },
    { type: 'recall', run: 1 },
    { type: 'close' }
  ]
  const events: SpawnerEvent[] = [
    { type: 'ready', owner: '1.2.3' },
    { type: 'started', runs: [1, 2] },
    { type: 'notice', text: 'so' },
    {
      type: 'ended',
      ends: [
        { run: 1, result: plain },
        {
          run: 2,
          result: { ...plain, exitCode: undefined, signal: 'SIGKILL', stdout: file, stderr: file }
        },
        { run: 3, result: { ...plain, stderr: Uint8Array.of(3), value: Uint8Array.of(4, 5) } }
      ]
    }
  ]

  it('are the same on the other side', () => {
    const toSpawner = new FrameReader(unpackRequest)
    const toNode = new FrameReader(unpackEvent)
    for (const request of requests) {
      expect(toSpawner.read(encodeFrame(packRequest(request)))).to.deep.equal([request])
    }
    for (const event of events) {
      expect(toNode.read(encodeFrame(packEvent(event)))).to.deep.equal([event])
    }
  })
})
