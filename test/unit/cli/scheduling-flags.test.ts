import { expect } from 'chai'
import { runTable } from '../../../src/cli/flags.ts'
import { parseWords } from '../../../src/cli/parse.ts'
import { labelsOf, resourcesOf, schedulingOptions } from '../../../src/cli/scheduling-flags.ts'
import { settle } from '../../../src/cli/settle.ts'
import { operatingErrorOf } from '../../../src/core/errors.ts'

type Options = ReturnType<typeof schedulingOptions>

/** What the words of a command line make of a job. */
function optionsOf(...words: string[]): Options {
  return schedulingOptions(settle(runTable, parseWords(runTable, words).given, new Map()))
}

function refusalOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    const failure = operatingErrorOf(error)
    return failure?.code === 'USAGE' ? failure.message : String(error)
  }
}

describe('scheduling flags', () => {
  it('say nothing that was not said', () => {
    expect(optionsOf()).to.deep.equal({ priority: 0 })
  })

  it('become options of the job, and what each task takes', () => {
    const words = '--priority -5 --as ann --require gpu --require os=linux --cpus 2 --mem 1.5G'
    const more = '--resource gpu=1 --resource disk=10G --crash-limit 5 --start-within 10m --hedge'
    expect(optionsOf(...words.split(' '), ...more.split(' '))).to.deep.equal({
      priority: -5,
      submitter: 'ann',
      requires: [{ label: 'gpu' }, { label: 'os', value: 'linux' }],
      crashesMax: 5,
      startWithinMs: 600_000,
      hedge: true,
      amounts: { cpus: 2, memory: 1.5 * 2 ** 30, gpu: 1, disk: 10 * 2 ** 30 }
    })
  })

  it('ask for a label with no text, or with any text', () => {
    expect(optionsOf('--require', 'a=', '--require', 'b=c=d').requires).to.deep.equal([
      { label: 'a', value: '' },
      { label: 'b', value: 'c=d' }
    ])
  })

  it('limit failures by number or by percentage', () => {
    expect(optionsOf('--max-fails', '3').failsMax).to.deep.equal({ tasks: 3 })
    expect(optionsOf('--max-fails', '0').failsMax).to.deep.equal({ tasks: 0 })
    expect(optionsOf('--max-fails', '2.5%').failsMax).to.deep.equal({ percent: 2.5 })
    for (const text of ['-1', '101%', 'x', '3 %']) {
      expect(refusalOf(() => optionsOf('--max-fails', text))).to.include('--max-fails')
    }
  })

  it('wait as they are told', () => {
    const backoff = (text: string): unknown => optionsOf('--backoff', text).backoff
    expect(backoff('fixed')).to.deep.equal({ kind: 'fixed', firstMs: 1_000, maxMs: 1_000 })
    expect(backoff('fixed:250ms')).to.deep.equal({ kind: 'fixed', firstMs: 250, maxMs: 250 })
    expect(backoff('exponential')).to.include({ firstMs: 1_000, maxMs: 60_000 })
    expect(backoff('exponential:2m')).to.include({ firstMs: 120_000, maxMs: 120_000 })
    expect(backoff('exponential:1s:1h')).to.include({ firstMs: 1_000, maxMs: 3_600_000 })
    expect(refusalOf(() => backoff('fixed:1s:2s'))).to.include('leave 2s out')
    expect(refusalOf(() => backoff('exponential:2s:1s'))).to.include('less than FIRST')
    expect(refusalOf(() => backoff('exponential:soon'))).to.include("'soon' is not a time")
    expect(refusalOf(() => backoff('fixed:25h'))).to.include('more than a day')
    expect(refusalOf(() => backoff('linear'))).to.include('fixed:5s')
  })

  it('name jobs to come after, well unless it is said otherwise', () => {
    const words = ['--after', '5', '--after', 'ok:6', '--after', 'any:7']
    expect(optionsOf(...words).after).to.deep.equal([
      { job: 5, needs: 'ok' },
      { job: 6, needs: 'ok' },
      { job: 7, needs: 'any' }
    ])
    for (const text of ['0', 'ok:', 'none:5', 'last']) {
      expect(refusalOf(() => optionsOf('--after', text))).to.include('--after')
    }
  })

  it('say what has a flag of its own, and what is no amount', () => {
    expect(refusalOf(() => optionsOf('--resource', 'cpus=2'))).to.include('--cpus')
    expect(refusalOf(() => optionsOf('--resource', 'memory=2'))).to.include('--mem')
    expect(refusalOf(() => optionsOf('--resource', 'gpu=1x'))).to.include("'1x' of gpu")
    expect(refusalOf(() => optionsOf('--resource', 'gpu=-1'))).to.include('does not look like')
    const twice = ['--resource', 'gpu=1', '--resource', 'gpu=2']
    expect(refusalOf(() => optionsOf(...twice))).to.include('gpu twice')
  })

  it('have bounds', () => {
    const name = 'n'.repeat(65)
    expect(refusalOf(() => optionsOf('--require', name))).to.include('64 characters')
    expect(refusalOf(() => optionsOf('--require', `a=${'x'.repeat(257)}`))).to.include('256')
    const many = Array.from({ length: 65 }, (_, at) => ['--require', `l${at}`]).flat()
    expect(refusalOf(() => optionsOf(...many))).to.include('64 times')
  })
})

describe('what a node says of itself', () => {
  it('is labels and amounts', () => {
    expect(labelsOf(['gpu=1', 'rack=a b', 'empty='])).to.deep.equal({
      gpu: '1',
      rack: 'a b',
      empty: ''
    })
    expect(resourcesOf(['gpu=2', 'memory=8G'])).to.deep.equal({ gpu: 2, memory: 8 * 2 ** 30 })
  })

  it('is said once, and slots by their own flag', () => {
    expect(refusalOf(() => labelsOf(['gpu=1', 'gpu=2']))).to.include('gpu twice')
    expect(refusalOf(() => resourcesOf(['cpus=2']))).to.include('--slots')
    const many = Array.from({ length: 65 }, (_, at) => `l${at}=1`)
    expect(refusalOf(() => labelsOf(many))).to.include('64 times')
  })
})
