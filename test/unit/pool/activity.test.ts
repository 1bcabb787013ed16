import { expect } from 'chai'
import { Activity } from '../../../src/pool/activity.ts'

/** True if the promise has settled by the next turn of the event loop. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<'turn'>((resolve) => setImmediate(resolve, 'turn'))
  return (await Promise.race([promise.then(() => 'settled'), turn])) === 'settled'
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

describe('pool: activity', () => {
  it('is idle at first, and again when all that began has ended', async () => {
    const activity = new Activity()
    expect(await isSettled(activity.idle())).to.equal(true)
    const [endUrgent, endPatient] = [activity.begin(), activity.begin(true)]
    const idle = activity.idle()
    endUrgent()
    expect(await isSettled(idle)).to.equal(false)
    endPatient()
    expect(await isSettled(idle)).to.equal(true)
  })

  it('keeps the program alive for what is urgent, and for nothing else', () => {
    const activity = new Activity()
    const before = timers()
    activity.begin(true)
    expect(timers()).to.equal(before)
    const ends = [activity.begin(), activity.begin()]
    expect(timers()).to.equal(before + 1)
    ends[0]!()
    expect(timers()).to.equal(before + 1)
    ends[1]!()
    expect(timers()).to.equal(before)
  })
})
