/** A short campaign of `npm run chaos`: what it counts has to be 0. */
import { expect } from 'chai'
import { runCampaign } from '../chaos/campaign.ts'
import { skipWithoutNetlab } from '../support/netlab.ts'

const MASTER_KILLS = 50
const SEED = 20_261

describe('a master that is killed again and again', function () {
  this.timeout(400_000)

  before(function () {
    skipWithoutNetlab(this)
  })

  it('loses nothing, records nothing twice and leaves nothing behind', async () => {
    const plan = { seed: SEED, masterKills: MASTER_KILLS, durationMs: 0 }
    const { faults, tasks, lost, doubled, orphaned } = await runCampaign(plan)
    expect(faults['kill-master']).to.be.at.least(MASTER_KILLS)
    expect(faults['kill-worker']).to.be.greaterThan(0)
    expect(tasks).to.be.greaterThan(0)
    expect({ lost, doubled, orphaned }).to.deep.equal({ lost: [], doubled: [], orphaned: [] })
  })
})
