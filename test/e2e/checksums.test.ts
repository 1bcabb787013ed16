/** Real input: checksums of real files on three nodes, against those that `sha256sum` makes here. */
import { execFile } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { addressOf, LOOPBACK, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const FILES = 300

/** Every so many-th file of the dependencies: of all kinds and sizes. */
function realFiles(): string[] {
  const all = readdirSync(join(ROOT, 'node_modules'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => statSync(join(ROOT, path)).size < 4_000_000)
    .sort()
  const step = Math.floor(all.length / FILES)
  return all.filter((_, at) => at % step === 0).slice(0, FILES)
}

describe('checksums of real files on three nodes', function () {
  this.timeout(90_000)
  const files = realFiles()
  let programs: Programs
  let network: TestNetwork
  let workers: LineProcess[]
  let expected: string

  beforeEach(async () => {
    programs = new Programs()
    expected = (await promisify(execFile)('sha256sum', ['--', ...files], { cwd: ROOT })).stdout
    const jobs = ['--jobs', '-', '--exit-when-done', '--slots', '1']
    network = await programs.master(jobs, { cwd: ROOT })
    workers = []
    for (const name of ['one', 'two']) {
      workers.push(await programs.worker(network, name, ['--slots', '1']))
    }
  })

  afterEach(async () => {
    await programs.end()
  })

  it('of `node --jobs` are those of sha256sum, and all three make them', async () => {
    const { master } = network
    for (const name of ['one', 'two']) {
      await master.jsonLine((line) => line['status'] === 'joined' && line['name'] === name)
    }
    const quoted = files.map((file) => `sha256sum -- '${file.replaceAll("'", `'\\''`)}'\n`)
    master.child.stdin.end(quoted.join(''))
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    const results = master.json.filter(({ event }) => event === 'result')
    const sums = results
      .toSorted((a, b) => Number(a['task']) - Number(b['task']))
      .map(({ stdout }) => String(stdout))
    expect(sums.join('')).to.equal(expected)
    expect(new Set(results.map(({ name }) => name)).size).to.equal(3)
  })

  it('of `run` are those of sha256sum', async () => {
    const join = (await Promise.all(workers.map(addressOf))).flatMap((each) => ['--join', each])
    const words = ['run', '-k', ...LOOPBACK, ...join, '--min-workers', '3', 'sha256sum -- {}']
    const finished = await programs.run(words, {
      home: network.home,
      cwd: ROOT,
      stdin: files.join('\n')
    })
    expect(finished).to.deep.equal({ code: 0, signal: null, stdout: expected, stderr: '' })
  })
})
