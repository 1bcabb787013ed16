/** A machine on which everything takes for ever: a job that allows it does not wait for it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { jsonLinesOf } from '../support/outcomes.ts'
import { noProcessWith, processesWith, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

describe('a slow machine', function () {
  this.timeout(120_000)
  let programs: Programs
  let network: TestNetwork

  beforeEach(async () => {
    programs = new Programs()
    // On a busy machine no lease is to end.
    network = await programs.master(['--slots', '0', '--lease', '60s'])
  })

  afterEach(() => programs.end())

  /** What it prints, having succeeded. */
  async function output(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await programs.run(words, { home: network.home })
    expect(code, stderr).to.equal(0)
    return stdout
  }

  /** Waits until the job's first task runs. */
  async function firstRuns(job: string): Promise<void> {
    for (;;) {
      const [task] = jsonLinesOf(await output('job', `${job}.1`, '--json')).slice(1)
      if (task?.['state'] === 'running') return
    }
  }

  async function whyOf(job: string): Promise<string> {
    return await output('explain', `${job}.1`)
  }

  it('is not waited for with --hedge; without it, nothing is run twice', async () => {
    const [folder, home] = [programs.folder(), programs.folder()]
    const [gate, again, begun] = [
      join(folder, 'gate'),
      join(folder, 'again'),
      join(folder, 'begun')
    ]
    writeFileSync(join(home, 'slow'), '')
    const waits = (file: string): string => `until [ -e ${file} ]; do sleep 0.02; done`
    // At the slow machine it waits for one file, elsewhere the first task waits for another.
    const command =
      `echo $P2PJOBS_JOB_ID.{} >> ${begun}; if [ -e "$HOME/slow" ]; then ${waits(gate)}; ` +
      `elif [ {} = 1 ]; then ${waits(again)}; fi; echo {}`
    const inputs = [':::', '1', '2', '3', '4', '5']
    await programs.worker(network, 'slow', ['--slots', '2'], { HOME: home })
    const patient = (await output('submit', '-j1', command, ...inputs)).trim()
    await firstRuns(patient)
    // What is left of it is found by this.
    const mark = join(folder, 'mark')
    const words = ['submit', '-j1', '--hedge', `${command} # ${mark}`]
    const hedged = (await output(...words, ...inputs)).trim()
    await firstRuns(hedged)
    await programs.worker(network, 'fast', ['--slots', '4'], { HOME: folder })

    while (!(await whyOf(hedged)).includes('runs on fast, attempt 2'));
    expect(await whyOf(hedged)).to.include('runs on slow, attempt 1')
    expect(await output('job', `${hedged}.1`)).to.match(/^1 +running +1, 2 +slow, fast /m)
    expect(processesWith(mark)).to.not.deep.equal([])
    writeFileSync(again, '')
    await output('wait', hedged, '--fail')
    // Nobody opened the gate: what waited for it was ended.
    await noProcessWith(mark)
    expect(await output('cat', hedged, 'stdout')).to.equal('1\n2\n3\n4\n5\n')
    const lines = jsonLinesOf(await output('job', `${hedged}.1`, '--json'))
    expect(lines.find(({ event }) => event === 'task')).to.include({ attempt: 2, name: 'fast' })
    const setbacks = lines.filter(({ event }) => event === 'setback')
    expect(setbacks).to.have.lengthOf(1)
    expect(setbacks[0]).to.include({ name: 'slow', attempt: 1, reason: 'attempt 2 was first' })

    // It began earlier, and was as late.
    expect((await whyOf(patient)).trim()).to.match(/runs on slow, attempt 1$/)
    writeFileSync(gate, '')
    await output('wait', patient, '--fail')
    expect(await output('cat', patient, 'stdout')).to.equal('1\n2\n3\n4\n5\n')
    const runs = readFileSync(begun, 'utf8').trim().split('\n').sort()
    const each = (job: string): string[] =>
      ['1', '2', '3', '4', '5'].map((task) => `${job}.${task}`)
    expect(runs).to.deep.equal([...each(patient), `${hedged}.1`, ...each(hedged)])
  })
})
