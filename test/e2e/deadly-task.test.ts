/** A task that takes its machine down: it is given up before it has taken down many. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { LOSSES_MAX } from '../../src/core/limits.ts'
import type { Ending } from '../support/line-process.ts'
import { jsonLinesOf } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

/** A node may be gone before anybody heard that it ran the task: that loss is nobody's. */
const NODES_MAX = 40

describe('a task that kills the node on which it runs', function () {
  this.timeout(120_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  /** Starts a node again and again, its id in a file, until `isOver`; how the killed ones ended. */
  async function nodesUntil(
    { token, address }: TestNetwork,
    file: string,
    isOver: Promise<unknown>
  ): Promise<Ending[]> {
    const place = { home: programs.home(), env: { P2PJOBS_TOKEN: token } }
    const words = ['node', '--json', '--slots', '1', ...LOOPBACK, '--join', address]
    const endings: Ending[] = []
    while (endings.length < NODES_MAX) {
      const node = programs.start(words, place)
      writeFileSync(file, `${node.pid}\n`)
      const ending = await Promise.race([node.ended, isOver.then(() => undefined)])
      if (ending === undefined) return endings
      endings.push(ending)
    }
    return endings
  }

  it(`is aborted after ${LOSSES_MAX} of them, with the evidence; all others are done`, async () => {
    const network = await programs.master(['--slots', '0', '--lease', '60s'])
    const { home } = network
    const file = join(programs.folder(), 'pid')
    const command = `[ -e {} ] && read pid < {} && kill -9 $pid; echo {}`
    await programs.run(['submit', command, ':::', 'a', 'b', file, 'c', 'd'], { home })
    const { ended } = programs.start(['wait', 'last'], { home, stdin: '' })
    const endings = await nodesUntil(network, file, ended)

    expect(endings.length).to.be.within(LOSSES_MAX, NODES_MAX - 1)
    for (const { signal } of endings) expect(signal).to.equal('SIGKILL')
    const { stdout } = await programs.run(['job', 'last', '--json'], { home })
    const tasks = jsonLinesOf(stdout).filter(({ event }) => event === 'task')
    expect(tasks.map(({ state }) => state)).to.deep.equal([
      ...['finished', 'finished', 'aborted', 'finished', 'finished']
    ])
    expect(tasks[2]?.['reason']).to.match(/given up: 5 workers were lost while they ran it/)
  })
})
