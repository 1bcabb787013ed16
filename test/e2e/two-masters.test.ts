/** Two masters with work waiting, on the slots of one worker. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { LineProcess } from '../support/line-process.ts'
import { addressOf, LOOPBACK, Programs } from '../support/program.ts'

const SLOTS = 2
const TASKS = 60

describe('two masters that share a worker', function () {
  this.timeout(90_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  /** Two masters of one network, and the worker that serves both. */
  async function twoMasters(): Promise<LineProcess[]> {
    const words = ['--jobs', '-', '--exit-when-done', '--slots', '0']
    const network = await programs.master([...words, '--name', 'one'])
    const { stdout } = await programs.run(['token', '--full'], { home: network.home })
    const two = programs.start(['node', '--master', '--json', ...LOOPBACK, ...words], {
      env: { P2PJOBS_TOKEN: stdout.trim() }
    })
    const flags = ['--slots', String(SLOTS), '--join', await addressOf(two)]
    await programs.worker(network, 'shared', flags)
    const masters = [network.master, two]
    for (const master of masters) {
      await master.jsonLine(({ status, name }) => status === 'joined' && name === 'shared')
    }
    return masters
  }

  it('fill its slots and never more, and both get on', async () => {
    const log = join(programs.folder(), 'log')
    const masters = await twoMasters()
    const lines = (who: number): string =>
      `echo begin ${who} >> ${log}; sleep 0.05; echo end ${who} >> ${log}\n`.repeat(TASKS)
    for (const [who, master] of masters.entries()) master.child.stdin.end(lines(who))
    for (const master of masters) {
      expect(await master.ended).to.deep.equal({ code: 0, signal: null })
      expect(master.json.filter(({ event }) => event === 'result')).to.have.length(TASKS)
    }

    const steps = readFileSync(log, 'utf8').trimEnd().split('\n')
    let running = 0
    const busy = steps.map((step) => (running += step.startsWith('begin') ? 1 : -1))
    expect(Math.max(...busy)).to.equal(SLOTS)
    expect(running).to.equal(0)
    // Neither waits until the other has done all it has.
    const begun = [0, 1].map((who) => steps.indexOf(`begin ${who}`))
    const ended = [0, 1].map((who) => steps.lastIndexOf(`end ${who}`))
    expect(Math.max(...begun)).to.be.lessThan(Math.min(...ended))
  })
})
