import { expect } from 'chai'
import { shareOfCap } from '../../../src/exec/output-files.ts'
import { environmentFault, taskScript } from '../../../src/exec/task-script.ts'
import type { TaskScript } from '../../../src/exec/task-script.ts'

const task: TaskScript = {
  shell: '/bin/sh',
  directory: `/it's`,
  line: Buffer.from('factor 12'),
  isSimple: false,
  environment: [['A', `it's`]],
  stdout: '/s/1.o',
  stderr: '/s/1.e',
  token: 'abc'
}

describe('task script', () => {
  it('quotes everything', () => {
    expect(taskScript(task).toString()).to.equal(
      `cd -- '/it'\\''s' && unset OLDPWD && (A='it'\\''s' /bin/sh -c 'factor 12' ` +
        `</dev/null >'/s/1.o' 2>'/s/1.e')\nprintf '\\n%s %s\\n' abc "$?"\n`
    )
  })

  it('runs a simple command as it stands', () => {
    expect(taskScript({ ...task, isSimple: true }).toString()).to.contain(`' factor 12 <`)
  })

  it('lets env set what shells watch, and a shell look the command up then', () => {
    const environment = [['PATH', '/x'] as const, ['a-b', '1'] as const, ['A', '2'] as const]
    const script = taskScript({ ...task, isSimple: true, environment }).toString()
    expect(script).to.contain(`(A='2' /usr/bin/env 'PATH=/x' 'a-b=1' /bin/sh -c 'factor 12' <`)
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
