import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { config, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

/** Nobody is found by multicast here: who is met was named, or told of by others. */
const FLAGS = ['--json', '--config', config('loopback.json')]

interface Worker {
  readonly process: LineProcess
  readonly home: string
  readonly address: string
}

describe('joining one member', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork
  let workers: Worker[]
  let full: Readonly<Record<string, string>>

  beforeEach(async () => {
    programs = new Programs()
    network = await programs.master(['--slots', '0'])
    workers = await Promise.all([startWorker('one'), startWorker('two')])
    const { stdout } = await programs.run(['token', '--full'], { home: network.home })
    full = { P2PJOBS_TOKEN: stdout.trim() }
  })

  afterEach(async () => {
    await programs.end()
  })

  async function startWorker(name: string): Promise<Worker> {
    const home = programs.home()
    const words = ['node', ...FLAGS, '--name', name, '--slots', '1', '--join', network.address]
    const process = programs.start(words, { home, env: { P2PJOBS_TOKEN: network.token } })
    await process.jsonLine(({ event, status }) => event === 'member' && status === 'alive')
    const node = await process.jsonLine(({ event }) => event === 'node')
    return { process, home, address: (node['addresses'] as string[])[0]! }
  }

  async function isMet(worker: Worker, name: string): Promise<void> {
    await worker.process.jsonLine((line) => line['name'] === name && line['status'] === 'alive')
  }

  /** Gives a run two tasks at a time until both workers have returned some. */
  async function runsOnBoth(run: LineProcess): Promise<void> {
    const line = (event: string, task: number): Promise<JsonLine> =>
      run.jsonLine((json) => json['event'] === event && json['task'] === task)
    const names = new Set<unknown>()
    for (let task = 1; names.size < 2; task += 2) {
      for (const each of [task, task + 1]) {
        run.child.stdin.write('0.1\n')
        await line('dispatched', each)
      }
      for (const each of [task, task + 1]) names.add((await line('result', each))['name'])
    }
    run.child.stdin.end()
    expect([...names]).to.have.members(['one', 'two'])
    expect(await run.ended).to.deep.equal({ code: 0, signal: null })
  }

  /** Runs `members` until it shows both workers: on a busy machine two seconds may be short. */
  async function showsBoth(words: readonly string[], options: object): Promise<void> {
    for (;;) {
      const { stdout } = await programs.run(['members', ...FLAGS, ...words], options)
      const lines = stdout.split('\n').filter((line) => line !== '')
      const alive = lines
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter(({ status }) => status === 'alive')
        .map(({ name }) => name)
      expect(alive.length).to.be.at.most(3)
      if (alive.includes('one') && alive.includes('two')) return
    }
  }

  it('lets `run` use every worker of the network', async () => {
    const words = ['run', ...FLAGS, '--no-local', '--join', network.address, 'sleep']
    await runsOnBoth(programs.start(words, { env: full }))
  })

  it('lets `run` use every worker after the master they joined has gone', async () => {
    const [one, two] = workers as [Worker, Worker]
    await Promise.all([isMet(one, 'two'), isMet(two, 'one')])
    await network.master.stop()
    const words = ['run', ...FLAGS, '--no-local', '--join', two.address, 'sleep']
    await runsOnBoth(programs.start(words, { env: full }))
  })

  it('is done by `run` itself where a node of its home is alive', async () => {
    const words = ['run', ...FLAGS, '--in-process', 'sleep']
    await runsOnBoth(programs.start(words, { home: network.home }))
  })

  it('shows `members` everybody', async () => {
    await showsBoth(['--join', network.address], { env: full })
  })

  it('is done by `members` itself where a node of its home is alive', async () => {
    await showsBoth([], { home: workers[0]!.home })
  })
})
