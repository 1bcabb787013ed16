import { expect } from 'chai'
import { peerMeasures, peersFolder } from '../../bench/peers.ts'

const RUN = {
  ...{ kind: 'run', system: 'nats', n: 1_000, seconds: 0.5, per_second: 2_000 },
  ...{ p50_ms: null, p99_ms: null, cpu_s: 0.04 }
}

function lines(...objects: readonly object[]): string {
  return `rep 1/1: nats\n${objects.map((each) => JSON.stringify(each)).join('\n')}\n`
}

describe('peers of the benchmark', () => {
  it('what each workload says becomes the same measures as ours', () => {
    const text = lines(
      { kind: 'start', system: 'nats', memory: {} },
      { ...RUN, workload: 'w1' },
      { ...RUN, workload: 'w2', p50_ms: 0.3, p99_ms: 1.2 },
      { ...RUN, workload: 'w3' },
      { ...RUN, workload: 'w4', mib_per_second: 290 },
      { ...RUN, workload: 'w5', wall_over_ideal: 1.2, unit_ms: 50.1 },
      { kind: 'median', system: 'nats', workload: 'w1', median: 1 }
    )
    expect(peerMeasures(text)).to.deep.equal({
      ...{ w1Rate: 2_000, w1Cpu: 40, w2P50: 0.3, w2P99: 1.2, w3Rate: 2_000, w3Cpu: 40 },
      ...{ w4Rate: 290, w4Cpu: 40, w5Share: 1.2, w5Unit: 50.1 }
    })
  })

  it('CPU that could not be measured is left out', () => {
    const text = lines({ ...RUN, workload: 'w1', cpu_s: null })
    expect(peerMeasures(text)).to.deep.equal({ w1Rate: 2_000 })
  })

  it('a run that failed, and a system that did not start, are errors', () => {
    const failed = lines({ kind: 'run', system: 'nats', workload: 'w1', n: 1, error: 'exit 1' })
    expect(() => peerMeasures(failed)).to.throw('nats: exit 1')
    const absent = lines({ kind: 'error', system: 'nats', rep: 1, error: 'not ready in 60 s' })
    expect(() => peerMeasures(absent)).to.throw('nats: not ready in 60 s')
  })

  it('without the folder it is said what to set', () => {
    expect(() => peersFolder({}, ['nats'])).to.throw('--against needs P2PJOBS_PEERS=FOLDER')
    expect(() => peersFolder({ P2PJOBS_PEERS: '/nowhere' }, ['nats'])).to.throw(
      'there is no run in P2PJOBS_PEERS=/nowhere'
    )
  })
})
