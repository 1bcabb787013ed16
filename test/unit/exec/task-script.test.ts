import { expect } from 'chai'
import { shareOfCap } from '../../../src/exec/collector.ts'
import { ScriptWriter, environmentFault } from '../../../src/exec/task-script.ts'

const job = {
  shell: '/bin/sh',
  environment: { A: `it's` } as Readonly<Record<string, string>>,
  owner: '9.8.7',
  token: 'abc'
}
const task = {
  order: { run: 5, job: 1, task: 2, attempt: 3 },
  directory: `/it's`,
  line: Buffer.from('factor 12'),
  isSimple: false,
  stdout: '/s/1.o',
  stderr: '/s/1.e'
}
const OURS = 'P2PJOBS_JOB_ID=1 P2PJOBS_TASK_ID=2 P2PJOBS_ATTEMPT=3 P2PJOBS_COOKIE=9.8.7/5'

describe('task script', () => {
  it('quotes everything', () => {
    expect(new ScriptWriter(job).write(task).toString()).to.equal(
      `read -r turn <&9 && [ -z "$turn" ] && cd -- '/it'\\''s' && unset OLDPWD && ` +
        `(A='it'\\''s' ${OURS} /bin/sh -c 'factor 12') 9<&- </dev/null >'/s/1.o' 2>'/s/1.e'\n` +
        `printf '\\n%s %s\\n' abc "$?"\n`
    )
  })

  it('runs a simple command as it stands', () => {
    const script = new ScriptWriter(job).write({ ...task, isSimple: true }).toString()
    expect(script).to.contain(`/5 factor 12) 9<&- <`)
  })

  it('lets env set what shells watch, and a shell look the command up then', () => {
    const environment = { PATH: '/x', 'a-b': '1', A: '2' }
    const writer = new ScriptWriter({ ...job, environment })
    expect(writer.write({ ...task, isSimple: true }).toString()).to.contain(
      `(A='2' ${OURS} /usr/bin/env 'PATH=/x' 'a-b=1' /bin/sh -c 'factor 12') 9<&- <`
    )
  })

  it('lets no job say that it is another', () => {
    const environment = { P2PJOBS_TASK_ID: '7', P2PJOBS_COOKIE: 'x' }
    const writer = new ScriptWriter({ ...job, environment })
    expect(writer.write(task).toString()).to.contain(`&& (${OURS} /bin/sh`)
  })

  it('names variables that cannot be set', () => {
    for (const [name, value] of [
      ['', 'x'],
      ['a=b', 'x'],
      ['a', 'x\0']
    ] as const) {
      expect(environmentFault({ ok: '1', [name]: value })).to.contain(JSON.stringify(name))
    }
    expect(environmentFault({ ok: '', 'a-b': '=' })).to.equal(undefined)
  })
})

describe('share of the output cap', () => {
  it('never gives more than the cap, nor one stream all of it', () => {
    expect(shareOfCap(5, 4, 10)).to.deep.equal({ stdout: 5, stderr: 4 })
    expect(shareOfCap(100, 4, 10)).to.deep.equal({ stdout: 6, stderr: 4 })
    expect(shareOfCap(4, 100, 10)).to.deep.equal({ stdout: 4, stderr: 6 })
    expect(shareOfCap(100, 100, 10)).to.deep.equal({ stdout: 5, stderr: 5 })
    expect(shareOfCap(100, 100, 0)).to.deep.equal({ stdout: 0, stderr: 0 })
  })
})
