/** What a machine does not have that is the only one to run a job, ever. */
import { expect } from 'chai'
import type { JobOptions } from '../../../../src/core/job.ts'
import { lacksOfOnly } from '../../../../src/core/master/lacks.ts'
import type { Lack, OnlyMachine } from '../../../../src/core/master/lacks.ts'
import type { Spec } from '../../../../src/core/spec.ts'
import { lackText } from '../../../../src/node/explanation-text.ts'

const GIB = 2 ** 30

const MACHINE: OnlyMachine = {
  name: 'desk',
  slots: 2,
  labels: { os: 'linux', rack: 'a' },
  amounts: { memory: 8 * GIB, gpu: 1 }
}

function lacks(
  amounts: Spec['amounts'],
  options: Pick<JobOptions, 'worker' | 'requires'> = {}
): Lack[] {
  return lacksOfOnly(MACHINE, amounts === undefined ? {} : { amounts }, options)
}

describe('lacksOfOnly', () => {
  it('is nothing where the machine has all that is asked for', () => {
    expect(lacks(undefined)).to.deep.equal([])
    const requires = [{ label: 'os', value: 'linux' }, { label: 'rack' }]
    expect(lacks({ cpus: 2, memory: 8 * GIB, gpu: 1 }, { requires })).to.deep.equal([])
    expect(lacks(undefined, { worker: 'desk' })).to.deep.equal([])
  })

  it('is everything that it does not have, each in words', () => {
    const requires = [{ label: 'os', value: 'mac' }, { label: 'ssd' }, { label: 'rack' }]
    const found = lacks({ cpus: 3, memory: 9.5 * GIB, gpu: 2, license: 1 }, { requires })
    expect(found.map((lack) => lackText(lack, MACHINE))).to.deep.equal([
      'it is to run where the label is os=mac, and this machine has os=linux',
      'it is to run where the label is ssd, and this machine does not have it',
      'a task takes 3 cpus, and this machine has 2',
      'a task takes 9.5 GiB of memory, and this machine has 8 GiB',
      'a task takes 2 of gpu, and this machine has 1',
      'a task takes 1 of license, and this machine has none'
    ])
  })

  it('is a machine of another name', () => {
    const [lack] = lacks(undefined, { worker: 'lab' })
    expect(lack).to.deep.equal({ type: 'worker-away', worker: 'lab' })
    expect(lackText(lack!, MACHINE)).to.equal('the worker it is for, lab, is not connected')
  })
})
