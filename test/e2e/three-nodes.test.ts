import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { JsonLine, LineProcess } from '../support/line-process.ts'
import { expectDocumented } from '../support/outcomes.ts'
import { Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

const TASKS = 200

/** Publishes 200 short tasks through the master's stdin. */
function publish(master: LineProcess, command: string): void {
  const lines = Array.from({ length: TASKS }, (_, at) => `${command} ${at + 1}`)
  master.child.stdin.end(`${lines.join('\n')}\n`)
}

function results(master: LineProcess): JsonLine[] {
  return master.json.filter(({ event }) => event === 'result')
}

/** Every task has exactly one result, and a good one. */
function expectEachOnce(master: LineProcess): void {
  const tasks = results(master).map(({ task }) => Number(task))
  expect(tasks.toSorted((a, b) => a - b)).to.deep.equal(
    Array.from({ length: TASKS }, (_, at) => at + 1)
  )
  for (const { state, task, stdout } of results(master)) {
    expect({ state, stdout }).to.deep.equal({ state: 'finished', stdout: `${String(task)}\n` })
  }
}

describe('three nodes on loopback', function () {
  this.timeout(90_000)
  let programs: Programs
  let network: TestNetwork

  beforeEach(async () => {
    programs = new Programs()
    const flags = ['--jobs', '-', '--exit-when-done', '--slots', '1', '--lease', '1s']
    network = await programs.master(flags)
  })

  afterEach(async () => {
    await programs.end()
  })

  it('share 200 tasks', async () => {
    const { master } = network
    for (const name of ['one', 'two']) await programs.worker(network, name, ['--slots', '1'])
    publish(master, 'sleep 0.01; echo')
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    expectEachOnce(master)
    const names = new Set(results(master).map(({ name }) => name))
    expect(names).to.include.members(['one', 'two'])
    expect(names.size).to.equal(3)
  })

  it('lose nothing when a worker is killed in the middle', async () => {
    const { master } = network
    const one = await programs.worker(network, 'one', ['--slots', '2'])
    await programs.worker(network, 'two', ['--slots', '1'])
    publish(master, 'sleep 0.02; echo')
    await master.jsonLine(({ event, name }) => event === 'result' && name === 'one')
    one.kill('SIGKILL')
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    expectEachOnce(master)
  })

  it('lose nothing when a worker is stopped past its lease and continued', async () => {
    const { master } = network
    const gate = join(programs.folder(), 'gate')
    const one = await programs.worker(network, 'one', ['--slots', '2'])
    // The work lasts until the worker is back, however slow this machine is.
    publish(
      master,
      `sleep 0.02; until [ $P2PJOBS_TASK_ID != 200 -o -e ${gate} ]; do sleep 0.05; done; echo`
    )
    await master.jsonLine(({ event, name }) => event === 'result' && name === 'one')
    one.kill('SIGSTOP')
    await master.jsonLine(({ event, status }) => event === 'worker' && status === 'parted')
    one.kill('SIGCONT')
    writeFileSync(gate, '')
    expect(await master.ended).to.deep.equal({ code: 0, signal: null })
    expectEachOnce(master)
  })
})

describe('who is let in', function () {
  this.timeout(60_000)
  let programs: Programs

  beforeEach(() => (programs = new Programs()))
  afterEach(async () => {
    await programs.end()
  })

  it('nobody without a token', async () => {
    const { code, stderr } = await programs.run(['node'])
    expect(code).to.equal(2)
    expect(stderr).to.include('has no token')
  })

  it('nobody with the token of another network', async () => {
    const [ours, theirs] = [await programs.master(), await programs.master()]
    const flags = ['--json', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0']
    const stranger = programs.start(['node', ...flags, '--join', ours.address], {
      env: { P2PJOBS_TOKEN: theirs.token }
    })
    const refusal = await ours.master.jsonLine(({ event }) => event === 'refusal')
    expect(refusal).to.include({ kind: 'stranger', peer: null })
    expectDocumented([refusal])
    // A member that comes later is let in.
    await programs.worker(ours, 'friend')
    expect(stranger.json.filter(({ event, status }) => event === 'member' && status === 'alive')).to
      .be.empty
  })

  it('a work token runs tasks, and publishes none until it is upgraded', async () => {
    const network = await programs.master()
    const home = programs.home()
    const env = { P2PJOBS_TOKEN: network.token }
    const local = ['--config', 'configs/loopback.json']
    const refused = await programs.run(['run', ...local, 'true', ':::', '1'], { home, env })
    expect(refused.code).to.equal(255)
    expect(refused.stderr).to.include('p2pjobs token --full')
    const { stdout } = await programs.run(['token', '--full'], { home: network.home })
    const words = ['run', ...local, '--join', network.address, 'echo', ':::', 'full']
    const full = { P2PJOBS_TOKEN: stdout.trim() }
    expect((await programs.run(words, { home, env: full })).stdout).to.equal('full\n')
  })
})
