/** `examples/dispatch`: a master and several slaves as processes, one killed at its work. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { LineProcess } from '../support/line-process.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/dispatch', import.meta.url))
const JOBS = 8

describe('examples/dispatch', function () {
  this.timeout(60_000)
  const folders: string[] = []
  const processes: LineProcess[] = []
  const token = encodeToken(createCredentials(), 'work')

  after(async () => {
    await Promise.all(processes.map((each) => each.stop()))
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  function start(program: string, ...args: string[]): LineProcess {
    const home = mkdtempSync(join(tmpdir(), 'p2pjobs-dispatch-'))
    folders.push(home)
    const env = { ...process.env, P2PJOBS_HOME: home, P2PJOBS_TOKEN: token }
    const child = spawn(process.execPath, [join(EXAMPLE, program), ...args], { env, stdio: 'pipe' })
    const started = new LineProcess(child)
    processes.push(started)
    return started
  }

  const numbers = ({ lines }: LineProcess, pattern: RegExp): number[] =>
    lines.flatMap((line) => pattern.exec(line)?.[1] ?? []).map(Number)

  it('every job is finished once, though a slave is killed with one in its hands', async () => {
    const master = start('master.ts', String(JOBS), '300')
    const serving = await master.line((line) => line.startsWith('serving at '))
    const address = serving.slice('serving at '.length)
    const doomed = start('slave.ts', address)
    await doomed.line((line) => line.startsWith('run job '))
    doomed.child.kill('SIGKILL')
    await doomed.ended
    const living = [start('slave.ts', address), start('slave.ts', address)]
    const endings = await Promise.all([master, ...living].map(({ ended }) => ended))
    expect(endings.map(({ code }) => code)).to.deep.equal([0, 0, 0])
    expect([master, ...living].map(({ stderr }) => stderr)).to.deep.equal(['', '', ''])
    const finished = numbers(master, /^finished job (\d+): by slave \d+$/)
    expect(finished.sort((a, b) => a - b)).to.deep.equal(
      Array.from({ length: JOBS }, (_, at) => at + 1)
    )
    // What it had in its hands, another has done.
    const [lost] = numbers(doomed, /^run job (\d+)$/).slice(-1)
    expect(living.flatMap((slave) => numbers(slave, /^run job (\d+)$/))).to.include(lost)
    expect(master.lines.find((line) => line.startsWith(`finished job ${lost}:`))).to.not.include(
      `slave ${doomed.pid}`
    )
  })
})
