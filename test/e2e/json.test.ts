/** `--json`: one object a line, with the fields that docs/CLI.md names, whatever the bytes are. */
import { hostname } from 'node:os'
import { expect } from 'chai'
import type { JsonLine } from '../support/line-process.ts'
import { expectDocumented, jsonLinesOf } from '../support/outcomes.ts'
import { addressOf, Programs } from '../support/program.ts'
import type { ProgramOptions } from '../support/program.ts'

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, at) => at))
/** Octal escapes for printf: of a backslash in a shell's quotes. */
const PRINT_EVERY_BYTE = [...EVERY_BYTE].map((byte) => `\\${byte.toString(8)}`).join('')

describe('--json', function () {
  this.timeout(60_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  async function run(words: readonly string[], options?: ProgramOptions): Promise<JsonLine[]> {
    const all = ['run', '--json', '-k', '--local', ...words]
    const { stdout, stderr } = await programs.run(all, options)
    expect(stderr).to.equal('')
    const lines = jsonLinesOf(stdout)
    expectDocumented(lines)
    return lines
  }

  function resultsIn(lines: readonly JsonLine[]): JsonLine[] {
    return lines.filter(({ event }) => event === 'result')
  }

  it('tells a task from its beginning to its end', async () => {
    const before = Date.now()
    const lines = await run(['echo out; echo error >&2; exit 3 #', ':::', 'argument'])
    const [result] = resultsIn(lines)
    const { worker } = result ?? {}
    const name = hostname().split('.')[0]
    const attempt = { task: 1, attempt: 1, worker, name }
    expect(lines.map(({ event }) => event)).to.deep.equal([
      'worker',
      'dispatched',
      'started',
      'result',
      'end'
    ])
    expect(lines[1]).to.deep.equal({ event: 'dispatched', ...attempt })
    expect(lines[2]).to.deep.equal({ event: 'started', ...attempt })
    const { startedAt, runtimeMs, ...rest } = result ?? {}
    expect(rest).to.deep.equal({
      event: 'result',
      ...attempt,
      state: 'failed',
      input: 'argument',
      outcome: 'failure',
      reason: 'exit status 3',
      exitCode: 3,
      signal: null,
      stdout: 'out\n',
      stderr: 'error\n'
    })
    expect(runtimeMs).to.satisfy((ms: number) => Number.isInteger(ms) && ms >= 0)
    expect(startedAt).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(Date.parse(String(startedAt))).to.be.within(before, Date.now())
    expect(lines.at(-1)).to.deep.equal({ event: 'end', finished: 0, failed: 1, canceled: 0 })
  })

  it('carries every byte', async () => {
    const command = `printf '${PRINT_EVERY_BYTE}'; printf '${PRINT_EVERY_BYTE}' >&2 #`
    const [result] = resultsIn(await run([command, ':::', 'x']))
    expect(result).to.not.have.any.keys('stdout', 'stderr')
    for (const field of ['stdoutBase64', 'stderrBase64']) {
      expect(Buffer.from(String(result?.[field]), 'base64')).to.deep.equal(EVERY_BYTE)
    }
  })

  it('carries text of every kind on one line', async () => {
    const texts = ['zwölf', '日本', 'a\ttab', '\u001b[2J', '\u2028', '"quoted" \\', '\u{1f600}']
    const lines = await run(["printf '%s\\n%s' {} 'second line' #"], { stdin: texts.join('\n') })
    expect(resultsIn(lines).map(({ input }) => input)).to.deep.equal(texts)
    expect(resultsIn(lines).map(({ stdout }) => stdout)).to.deep.equal(
      texts.map((text) => `${text}\nsecond line`)
    )
  })

  it('carries arguments that are not UTF-8', async () => {
    const argument = Buffer.from([0x61, 0xff, 0xfe])
    const stdin = Buffer.concat([argument, Buffer.from('\n')])
    const [result] = resultsIn(await run(["printf '%s'"], { stdin }))
    expect(result).to.include({
      inputBase64: argument.toString('base64'),
      stdoutBase64: argument.toString('base64')
    })
  })

  it('tells how a task ended that was ended', async () => {
    const lines = await run(['--timeout', '0.2', ':::', 'kill -9 $$', 'sleep 600', 'true'])
    const [killed, slow, fine] = resultsIn(lines)
    expect(killed).to.include({ outcome: 'failure', exitCode: null, signal: 'SIGKILL' })
    expect(slow).to.include({ outcome: 'timeout', state: 'failed' })
    expect(fine).to.include({ outcome: 'success', reason: '', exitCode: 0, signal: null })
  })

  it('tells of attempts that came to nothing', async () => {
    const folder = programs.folder()
    const command = `mkdir ${folder}/first && exit 1; echo second #`
    const lines = await run(['--retries', '1', command, ':::', 'x'])
    const retry = lines.find(({ event }) => event === 'retry')
    expect(retry).to.include({ task: 1, attempt: 1, reason: 'exit status 1' })
    expect(resultsIn(lines)[0]).to.include({ attempt: 2, stdout: 'second\n' })
  })

  it('says how many tasks a signal has canceled', async () => {
    const words = ['run', '--json', '--local', '-j', '1', 'sleep', ':::', '0', '600', '600']
    const node = programs.start(words, { stdin: '' })
    await node.jsonLine(({ event, task }) => event === 'started' && task === 2)
    node.kill('SIGINT')
    expect(await node.ended).to.deep.equal({ code: 255, signal: null })
    expectDocumented(node.json)
    expect(node.json.at(-1)).to.deep.equal({ event: 'end', finished: 1, failed: 0, canceled: 2 })
  })

  it('tells what a node sees: itself, its network, members, workers', async () => {
    const network = await programs.master(['--jobs', '-', '--slots', '0', '--lease', '1s'])
    const { master } = network
    const lab = await programs.worker(network, 'lab', ['--slots', '1'])
    const { peer } = await lab.jsonLine(({ event }) => event === 'node')
    master.child.stdin.end('sleep 600\n')
    await master.jsonLine(({ event }) => event === 'started')
    lab.kill('SIGKILL')
    const parted = await master.jsonLine(({ status }) => status === 'parted')
    expect(parted).to.include({ worker: peer, name: 'lab', reason: 'its lease expired' })
    await master.jsonLine(({ status }) => status === 'failed')
    expectDocumented(master.json)
    expectDocumented(lab.json)
    const events = new Set(master.json.map(({ event }) => event))
    expect([...events]).to.include.members(['network', 'node', 'member', 'worker', 'retry'])
    expect(await addressOf(master)).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo/)
  })
})
