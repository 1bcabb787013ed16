import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { operatingErrorOf } from '../../../../src/core/errors.ts'
import { COMMAND_BYTES_MAX } from '../../../../src/core/limits.ts'
import {
  argumentLines,
  commandLines,
  lineInputs,
  wordInputs
} from '../../../../src/cli/jobs/inputs.ts'
import { failureOf } from '../support.ts'
import { chunks } from './support.ts'

async function allOf(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const inputs: Uint8Array[] = []
  for await (const input of source) inputs.push(input)
  return inputs
}

async function textsOf(source: AsyncIterable<Uint8Array>): Promise<string[]> {
  return (await allOf(source)).map((bytes) => Buffer.from(bytes).toString('latin1'))
}

async function problemOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const failure: unknown = await allOf(source).catch((error: unknown) => error)
  const error = operatingErrorOf(failure)
  return `${error?.code ?? 'none'}: ${error?.message ?? ''}`
}

describe('wordInputs', () => {
  it('are the words', () => {
    const words = [...wordInputs(['a b', '', 'ü'])].map((bytes) => Buffer.from(bytes).toString())
    expect(words).to.deep.equal(['a b', '', 'ü'])
  })

  it('are not longer than a command may be', () => {
    const longest = 'x'.repeat(COMMAND_BYTES_MAX)
    expect([...wordInputs([longest])]).to.have.length(1)
    expect(failureOf(() => [...wordInputs(['x', `${longest}x`])])).to.match(
      /^BAD_INPUT: argument 2 is longer than 131072 bytes.*files/
    )
  })
})

describe('lineInputs', () => {
  const lines = (...texts: readonly (string | Uint8Array)[]): Promise<string[]> =>
    textsOf(lineInputs(chunks(...texts), 'stdin'))

  it('are the lines, however they come in chunks', async () => {
    expect(await lines('one\ntwo\n')).to.deep.equal(['one', 'two'])
    expect(await lines('o', 'ne\nt', 'wo', '\n', 'three')).to.deep.equal(['one', 'two', 'three'])
    expect(await lines('one\r\n two \r', '\n')).to.deep.equal(['one\r', ' two \r'])
    expect(await lines('\n\n')).to.deep.equal(['', ''])
    expect(await lines('')).to.deep.equal([])
  })

  it('are bytes', async () => {
    expect(await lines(Buffer.from([0xff, 0, 0x0a, 0xc3]), Buffer.from([0xbc]))).to.deep.equal([
      '\xff\0',
      '\xc3\xbc'
    ])
  })

  it('do not keep the chunk they came in', async () => {
    const [line] = await allOf(lineInputs(chunks(`x\n${'y'.repeat(10_000)}\n`), 'stdin'))
    expect(line?.buffer.byteLength).to.be.below(10_000)
  })

  it('are not longer than a command may be, whether they end or not', async () => {
    const longest = 'x'.repeat(COMMAND_BYTES_MAX)
    expect(await lines(`${longest}\n`)).to.have.length(1)
    for (const text of [`${longest}x\n`, `${longest}x`]) {
      expect(await problemOf(lineInputs(chunks('a\n\n', text), 'stdin'))).to.match(
        /^BAD_INPUT: line 3 of stdin is longer/
      )
    }
  })

  it('are read only as far as they are asked for', async () => {
    let reads = 0
    async function* source(): AsyncGenerator<Uint8Array> {
      for (;;) {
        reads++
        yield Buffer.from('one\ntwo\n')
        await Promise.resolve()
      }
    }
    const inputs = lineInputs(source(), 'stdin')
    await inputs.next()
    await inputs.next()
    expect(reads).to.equal(1)
  })
})

describe('argumentLines', () => {
  it('are lines as they are, and the first with a CR is told of', async () => {
    let told = 0
    const lines = (...texts: string[]) => argumentLines(chunks(...texts), 'stdin', () => told++)
    expect(await textsOf(lines('a\rb\n', 'c'))).to.deep.equal(['a\rb', 'c'])
    expect(told).to.equal(0)
    expect(await textsOf(lines('a\nb\r\nc\r\n'))).to.deep.equal(['a', 'b\r', 'c\r'])
    expect(told).to.equal(1)
  })
})

describe('commandLines', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-inputs-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const TEXT = '#!/usr/bin/env jobs\necho 1\n\n \t\r\n  # not this\necho "# this"\r\necho 3'
  const COMMANDS = ['echo 1', 'echo "# this"', 'echo 3']

  it('are the lines of a file that are neither blank nor comments', async () => {
    const file = join(folder, 'jobs')
    writeFileSync(file, TEXT)
    expect(await textsOf(commandLines(file, chunks()))).to.deep.equal(COMMANDS)
  })

  it('are those of stdin for -', async () => {
    expect(await textsOf(commandLines('-', chunks(TEXT)))).to.deep.equal(COMMANDS)
  })

  it('name a file that cannot be read', async () => {
    const problem = await problemOf(commandLines(join(folder, 'nowhere'), chunks()))
    expect(problem).to.match(/^BAD_INPUT: cannot read .*nowhere: ENOENT.*; check the name$/)
    expect(await problemOf(commandLines(folder, chunks()))).to.match(/^BAD_INPUT: .*EISDIR/)
  })
})
