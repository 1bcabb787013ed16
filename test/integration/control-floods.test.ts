/** A user of the control socket who submits without end. */
import { expect } from 'chai'
import { operatingErrorOf } from '../../src/core/errors.ts'
import { JOBS_MAX } from '../../src/core/limits.ts'
import type { JobId } from '../../src/core/types.ts'
import { all, bytes, only, TestDesk } from '../support/desk.ts'
import { SPEC } from '../support/machines.ts'

const CLIENTS = 4
const BEYOND = 100
const OPTIONS = { priority: 0, retries: 0 }

describe('a client that submits without end', function () {
  this.timeout(60_000)
  let desk: TestDesk

  beforeEach(async () => {
    desk = await TestDesk.open()
  })

  afterEach(() => desk.close())

  it('is refused what is more than a master takes, until some have ended; what runs goes on', async () => {
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => desk.connect()))
    const taken: JobId[] = []
    const refused: string[] = []
    const flood = async (client: (typeof clients)[number], times: number): Promise<void> => {
      for (let time = 0; time < times; time++) {
        await client.submitWhole(SPEC, OPTIONS, bytes('a')).then(
          (job) => taken.push(job),
          (error: unknown) => refused.push(operatingErrorOf(error)?.code ?? String(error))
        )
      }
    }
    await Promise.all(clients.map((client) => flood(client, (JOBS_MAX + BEYOND) / CLIENTS)))
    expect(new Set(taken).size).to.equal(JOBS_MAX)
    expect(refused).to.deep.equal(Array<string>(BEYOND).fill('LIMIT'))

    const [client] = clients
    await desk.worker().ends('1.1')
    await all(client!.wait(only(1), new AbortController().signal))
    expect(await client!.submitWhole(SPEC, OPTIONS, bytes('a'))).to.equal(JOBS_MAX + 1)
  })
})
