/** Where the output of a function is until it is handed over. */
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Budget } from '../../../../src/core/budget.ts'
import { INLINE_BYTES_MAX, OUTPUT_IN_MEMORY_BYTES_MAX } from '../../../../src/core/limits.ts'
import { discardOutput, isInline, isSpoolFile } from '../../../../src/exec/executor.ts'
import { RunOutput } from '../../../../src/exec/functions/run-output.ts'
import { contentOf } from '../../../support/outputs.ts'

const PIECE_BYTES = 200_000

describe('RunOutput', () => {
  let folder: string
  let path: string
  let memory: Budget

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-output-'))
    path = join(folder, 'output')
    memory = new Budget(1_000_000)
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  function newOutput(at = path): RunOutput {
    return new RunOutput({ path: at, memory, onReadable: () => undefined })
  }

  async function add(output: RunOutput, pieces: number): Promise<Buffer> {
    const all: Buffer[] = []
    for (let piece = 0; piece < pieces; piece++) {
      const bytes = randomBytes(PIECE_BYTES)
      all.push(bytes)
      if (!output.add(bytes)) await output.drained()
    }
    return Buffer.concat(all)
  }

  it('takes nothing of the memory for all while a message can have it', async () => {
    const output = newOutput()
    const bytes = await add(output, 1)
    expect(memory.taken).to.equal(0)
    const end = await output.end()
    expect(isInline(end) && bytes.equals(end)).to.equal(true)
  })

  it('holds what is larger until it is let go', async () => {
    const output = newOutput()
    const bytes = await add(output, 4)
    expect(memory.taken).to.equal(4 * PIECE_BYTES)
    const end = await output.end()
    if (!('held' in end)) throw new Error('it is not held')
    expect(bytes.equals(end.held)).to.equal(true)
    expect(end.blob).to.equal(createHash('sha256').update(bytes).digest('hex'))
    expect(existsSync(path)).to.equal(false)
    expect(memory.taken).to.equal(4 * PIECE_BYTES)
    end.letGo()
    end.letGo()
    expect(memory.taken).to.equal(0)
  })

  it('goes to its file when the others have taken the memory', async () => {
    const [first, second] = [newOutput(), newOutput(join(folder, 'second'))]
    const firstBytes = await add(first, 4)
    const bytes = await add(second, 3)
    const end = await second.end()
    if (!isSpoolFile(end)) throw new Error('it is no file')
    expect(readFileSync(end.path).equals(bytes)).to.equal(true)
    expect(end.blob).to.equal(createHash('sha256').update(bytes).digest('hex'))
    expect(memory.taken).to.equal(4 * PIECE_BYTES)
    expect(firstBytes.equals(contentOf(await first.end()))).to.equal(true)
    await discardOutput(end)
    expect(existsSync(end.path)).to.equal(false)
  })

  it('goes to its file when it is very large, and gives back what it had taken', async () => {
    memory = new Budget(2 * OUTPUT_IN_MEMORY_BYTES_MAX)
    const output = newOutput()
    const bytes = await add(output, Math.ceil(OUTPUT_IN_MEMORY_BYTES_MAX / PIECE_BYTES) + 1)
    const end = await output.end()
    expect(isSpoolFile(end)).to.equal(true)
    expect(bytes.equals(contentOf(end))).to.equal(true)
    expect(memory.taken).to.equal(0)
  }).timeout(20_000)

  it('gives back what nobody wants', async () => {
    const output = newOutput()
    await add(output, 3)
    await output.discard()
    expect(memory.taken).to.equal(0)
  })

  it('rejects when the file cannot be written, and gives back what it had taken', async () => {
    memory = new Budget(2 * PIECE_BYTES)
    const output = newOutput(join(folder, 'nowhere', 'output'))
    await add(output, 3)
    const problem = await output.end().catch((error: unknown) => (error as { code: string }).code)
    expect(problem).to.equal('ENOENT')
    expect(memory.taken).to.equal(0)
    await output.discard()
  })

  it('reads any part of what is in memory', async () => {
    const output = newOutput()
    const bytes = await add(output, 3)
    for (const offset of [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 2.5 * PIECE_BYTES, 3 * PIECE_BYTES]) {
      const part = await output.read({ offset, bytesMax: INLINE_BYTES_MAX })
      expect(bytes.subarray(offset, offset + INLINE_BYTES_MAX).equals(part)).to.equal(true)
    }
    await output.discard()
  })
})
