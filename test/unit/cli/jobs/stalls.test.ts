/** When it is said that nothing of a job runs, and how often. */
import { expect } from 'chai'
import { P2pJobsError } from '../../../../src/core/errors.ts'
import type { JobId } from '../../../../src/core/types.ts'
import { tellStalls } from '../../../../src/cli/jobs/stalls.ts'
import { JOB } from './support.ts'

const WAITS = { code: 'no-label', text: 'none of 1 worker has the label gpu' }
const RESTS = { code: 'resting', text: 'lab\n rests for 3.0 s' }
const RUNS = { code: 'under-way', text: '1 task running' }

type Reasons = readonly { code: string; text: string }[]

/** What there is to see at one look: every 5 s. */
interface Look {
  readonly job?: JobId | undefined
  readonly running?: number
  readonly finished?: number
  readonly reasons?: Reasons | Error
}

/** What was said, each with the time, when these were the looks. */
async function saidAt(...looks: readonly Look[]): Promise<string[]> {
  const said: string[] = []
  const over = new AbortController()
  const publication = {
    job: JOB as JobId | undefined,
    running: 0,
    tally: { finished: 0, failed: 0, canceled: 0 }
  }
  let [time, at] = [0, 0]
  const clock = {
    sleep: (ms: number): Promise<void> => {
      time += ms
      const look = looks[at++]
      if (look === undefined) over.abort()
      const { job = JOB, running = 0, finished = publication.tally.finished } = look ?? {}
      publication.job = look !== undefined && 'job' in look ? look.job : job
      publication.running = running
      publication.tally.finished = finished
      return Promise.resolve()
    }
  }
  const reasonsOf = (): Promise<Reasons> => {
    const { reasons = [WAITS] } = looks[at - 1] ?? {}
    return reasons instanceof Error ? Promise.reject(reasons) : Promise.resolve(reasons)
  }
  const say = (text: string): void => void said.push(`${time} ${text}`)
  await tellStalls({ publication, reasonsOf, say }, over.signal, clock)
  return said
}

const NO_LABEL = 'nothing runs: none of 1 worker has the label gpu'

describe('tellStalls', () => {
  it('says after five seconds why nothing runs, once', async () => {
    expect(await saidAt({}, {}, {})).to.deep.equal([`5000 ${NO_LABEL}`])
  })

  it('says it again when the reason is another one, and what peers say is harmless', async () => {
    const both = [WAITS, RESTS]
    expect(await saidAt({}, { reasons: both }, { reasons: both }, {})).to.deep.equal([
      `5000 ${NO_LABEL}`,
      `10000 ${NO_LABEL}; lab\\n rests for 3.0 s`,
      `20000 ${NO_LABEL}`
    ])
  })

  it('says nothing while something runs, ends, or is about to', async () => {
    expect(await saidAt({ running: 1 }, { finished: 1 }, { finished: 2 })).to.deep.equal([])
    expect(await saidAt({ reasons: [RUNS, WAITS] }, { reasons: [] })).to.deep.equal([])
    const ended = { code: 'not-here', text: 'it has ended' }
    const empty = { code: 'no-tasks', text: 'there is nothing to run' }
    expect(await saidAt({ reasons: [ended] }, { reasons: [empty] })).to.deep.equal([])
    expect(await saidAt({ job: undefined })).to.deep.equal([])
  })

  it('says it once the last of what ran has ended, five seconds later', async () => {
    expect(await saidAt({ running: 1 }, { finished: 1 }, {})).to.deep.equal([`15000 ${NO_LABEL}`])
  })

  it('leaves it to others to say that the master is away', async () => {
    const away = new P2pJobsError('UNREACHABLE', 'the node does not answer')
    expect(await saidAt({ reasons: away }, {})).to.deep.equal([`10000 ${NO_LABEL}`])
  })
})
