/** What decides when, where and beside what tasks run, by the built program. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { expectRefusal } from '../support/outcomes.ts'
import { LOOPBACK, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

describe('scheduling of run', function () {
  this.timeout(60_000)
  let programs: Programs
  let home: string

  beforeEach(() => {
    programs = new Programs()
    home = programs.home()
  })

  afterEach(() => programs.end())

  it('runs large tasks one beside the other only where they fit', async () => {
    const lock = join(home, 'lock')
    const command = `mkdir ${lock} && sleep 0.05 && rmdir ${lock} && echo {}`
    const words = ['run', '--local', '-k', '-j2', '--cpus', '2', '--mem', '1M', command]
    const { code, stdout, stderr } = await programs.run([...words, ':::', '1', '2', '3', '4'], {
      home
    })
    expect({ code, stdout, stderr }).to.deep.equal({ code: 0, stdout: '1\n2\n3\n4\n', stderr: '' })
  })

  it('gives a job up when more of its tasks failed than may', async () => {
    const words = ['run', '--local', '-j1', '--max-fails', '1', 'echo {}; exit 1', ':::']
    const { code, stdout, stderr } = await programs.run([...words, '1', '2', '3', '4'], { home })
    expect({ code, stdout }).to.deep.equal({ code: 4, stdout: '1\n2\n' })
    expect(stderr).to.include('task 4 aborted: not run: more than 1 of the tasks of job 1 failed')
  })

  it('gives a task up that no machine has started in time', async () => {
    const gate = join(home, 'gate')
    const command = `until [ -e ${gate} ]; do sleep 0.02; done`
    const words = ['run', '--local', '-j1', '--start-within', '200ms', `${command}; echo`, ':::']
    const run = programs.start([...words, '1', '2'], { home, stdin: '' })
    await run.stderrMatch(/no worker started it within 0.2 s/)
    writeFileSync(gate, '')
    expect(await run.ended).to.include({ code: 1 })
    expect(run.text).to.equal('1\n')
  })

  it('refuses at once what this machine, the only one, can never run', async () => {
    const label = ['--require', 'os=plan9', 'true', ':::', '1']
    for (const [words, refusal] of [
      [['--local', ...label], /where the label is os=plan9, .* leave --local out/],
      [
        ['--local', '-j2', '--cpus', '3', 'true', ':::', '1'],
        /3 cpus, and this machine has 2; .* -j/
      ],
      [
        ['--local', '--mem', '900T', 'true', ':::', '1'],
        /takes 900 TiB of memory, and this machine/
      ],
      [label, /os=plan9, .* join a network with a machine that has it/]
    ] as const) {
      expectRefusal(await programs.run(['run', ...words], { home }), 255, refusal)
    }
  })

  it('refuses what makes no sense without a master node', async () => {
    const { code, stderr } = await programs.run(['run', '--local', '--after', '3', 'true'], {
      home
    })
    expect(code).to.equal(255)
    expect(stderr).to.include('--after names jobs of the master node of this home')
  })
})

describe('scheduling by a master node', function () {
  this.timeout(60_000)
  const programs = new Programs()
  let network: TestNetwork

  before(async () => {
    const abilities = ['--label', 'rack=a', '--resource', 'gpu=1', '--resource', 'memory=4G']
    network = await programs.master(['--slots', '2', '--name', 'desk', ...abilities])
  })

  after(() => programs.end())

  /** What it prints, having succeeded. */
  async function output(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await programs.run(words, { home: network.home })
    expect(code, stderr).to.equal(0)
    return stdout.trim()
  }

  async function submitted(...words: string[]): Promise<string> {
    return await output('submit', ...words)
  }

  it('runs jobs where their labels and amounts are', async () => {
    const asked = ['--require', 'rack=a', '--resource', 'gpu=1', '--mem', '3G', '--cpus', '2']
    const id = await submitted(...asked, 'echo {}', ':::', '1', '2')
    await output('wait', id, '--fail')
    expect(await output('logs', id)).to.equal('1\n2')
  })

  it('says why a job does not run', async () => {
    const label = await submitted('--require', 'rack=b', 'true', ':::', '1')
    expect(await output('explain', label)).to.equal('none of 1 worker has the label rack=b')
    const amount = await submitted('--resource', 'gpu=2', '--mem', '1G', 'true', ':::', '1')
    expect(await output('explain', `${amount}.1`)).to.equal(
      'a task takes 2 of gpu, and no worker has more than 1'
    )
    await output('cancel', `${label},${amount}`)
  })

  it('says on stderr why nothing of a job runs, to who waits for it', async () => {
    const label = ['--require', 'rack=b', 'true', ':::', '1']
    const inProcess = ['--in-process', ...LOOPBACK]
    for (const flags of [[], inProcess]) {
      const run = programs.start(['run', ...flags, ...label], { home: network.home, stdin: '' })
      await run.stderrMatch(/^p2pjobs: nothing runs: /m)
      expect(await run.stop()).to.include({ code: 255 })
      expect(run.text).to.equal('')
    }
  })

  it('runs a job after another one, or not at all', async () => {
    const first = await submitted('cat {}', ':::', '/dev/fd/999')
    const well = await submitted('--after', first, 'true', ':::', '1')
    const anyhow = await submitted('--after', `any:${first}`, 'echo {}', ':::', 'ran')
    const late = await submitted('--after', first, 'true', ':::', '1')
    await output('wait', `${first},${well},${anyhow},${late}`)
    expect(await output('logs', anyhow)).to.equal('ran')
    for (const id of [well, late]) {
      expect(await output('explain', `${id}.1`)).to.include(`job ${first}, which it comes after`)
    }
    const unknown = await programs.run(['submit', '--after', '999', 'true', ':::', '1'], {
      home: network.home
    })
    expectRefusal(unknown, 2, /there is no job 999/)
  })
})
