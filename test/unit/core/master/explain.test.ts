/** Why a task does not run: every reason there is, and its words. */
import { expect } from 'chai'
import type { JobOptions } from '../../../../src/core/job.ts'
import { explain } from '../../../../src/core/master/explain.ts'
import type { Explanation } from '../../../../src/core/master/explain.ts'
import type { ShellSpec } from '../../../../src/core/spec.ts'
import type { JobId, NodeId } from '../../../../src/core/types.ts'
import { explanationText } from '../../../../src/node/explanation-text.ts'
import { aMaster, aResult, ref } from '../../../support/machines.ts'
import type { Hold, TestMaster } from '../../../support/machines.ts'

function why(master: TestMaster, job = 1, task?: number): Explanation[] {
  return explain(master.machine.state, job as JobId, task, master.now)
}

function types(reasons: readonly Explanation[]): string[] {
  return reasons.map(({ type }) => type)
}

function joins(master: TestMaster, worker: string, more: Partial<Hold> = {}): void {
  master.joined(worker, { name: worker, ...more })
}

/** Why a job of one task waits on a network of these workers. */
function reasonsOf(
  workers: Record<string, Partial<Hold>>,
  options: Partial<JobOptions> = {},
  spec: Partial<ShellSpec> = {}
): Explanation[] {
  const master = aMaster()
  for (const [name, hold] of Object.entries(workers)) joins(master, name, hold)
  master.submit(1, options, spec)
  return why(master)
}

describe('explain', () => {
  it('says when there is no such job or task', () => {
    expect(why(aMaster())).to.deep.equal([{ type: 'not-here' }])
    const master = aMaster()
    master.submit(1)
    expect(why(master, 1, 2)).to.deep.equal([{ type: 'not-here' }])
  })

  it('says that nobody is connected', () => {
    expect(reasonsOf({})).to.deep.equal([{ type: 'no-worker' }])
    expect(reasonsOf({ guest: { slots: 0, credit: 0 } })).to.deep.equal([{ type: 'no-worker' }])
  })

  it('says which worker is away', () => {
    expect(reasonsOf({ lab: {} }, { worker: 'desk' })).to.deep.equal([
      { type: 'worker-away', worker: 'desk' }
    ])
  })

  it('says which labels nobody has', () => {
    const requires = [{ label: 'os', value: 'plan9' }, { label: 'gpu' }, { label: 'arch' }]
    const reasons = reasonsOf({ a: { labels: { os: 'linux', arch: 'x64' } }, b: {} }, { requires })
    expect(reasons).to.deep.equal([
      { type: 'no-label', need: { label: 'os', value: 'plan9' }, workers: 2 },
      { type: 'no-label', need: { label: 'gpu' }, workers: 2 }
    ])
  })

  it('says what is more than anybody has', () => {
    const amounts = { cpus: 9, memory: 100 }
    const workers = { a: { slots: 4, amounts: { memory: 50 } }, old: { slots: 16 } }
    expect(reasonsOf(workers, {}, { amounts })).to.deep.equal([
      { type: 'too-large', amount: 'cpus', asked: 9, most: 4 },
      { type: 'too-large', amount: 'memory', asked: 100, most: 50 }
    ])
  })

  it('says that nobody has everything at once', () => {
    const workers = { a: { labels: { os: 'linux' } }, b: { labels: { gpu: '1' } } }
    const requires = [{ label: 'os' }, { label: 'gpu' }]
    expect(reasonsOf(workers, { requires })).to.deep.equal([{ type: 'nobody-suits', workers: 2 }])
  })

  it('says how many suit, and what each of them lacks now', () => {
    const master = aMaster()
    joins(master, 'full', { slots: 1, credit: 1 })
    master.submit(2)
    expect(why(master, 1, 2)).to.deep.equal([{ type: 'no-slot', suit: 1, workers: 1 }])
    joins(master, 'gpu', { slots: 4, credit: 9, amounts: { gpu: 1 } })
    const large = master.submit(2, {}, { amounts: { gpu: 1 } })
    expect(why(master, large, 2)).to.deep.equal([{ type: 'no-room', suit: 1, workers: 1 }])
    const limited = master.submit(4, {}, { slotsMax: 1 })
    expect(types(why(master, limited, 4))).to.include('job-limit')
  })

  it('says which job it comes after', () => {
    const master = aMaster()
    joins(master, 'lab', { credit: 0 })
    master.submit(1)
    const after = [{ job: 1 as JobId, needs: 'any' as const }]
    master.submit(1, { after })
    for (const task of [undefined, 1]) {
      expect(why(master, 2, task)).to.deep.equal([{ type: 'waits-for-job', job: 1, needs: 'any' }])
    }
  })

  it('says where a task is, and how much of a job is under way', () => {
    const master = aMaster()
    joins(master, 'lab', { slots: 2, credit: 2 })
    master.submit(3)
    master.hears('lab', { type: 'started', attempts: [ref(1)] })
    expect(why(master, 1, 1)).to.deep.equal([{ type: 'runs', worker: 'lab', attempt: 1 }])
    expect(why(master, 1, 2)).to.deep.equal([{ type: 'leased', worker: 'lab', attempt: 1 }])
    expect(types(why(master))).to.deep.equal(['under-way', 'no-slot'])
  })

  it('says until when a task backs off, from what, and who comes first then', () => {
    const master = aMaster()
    joins(master, 'lab', { slots: 1, credit: 1 })
    joins(master, 'desk', { slots: 1, credit: 0 })
    const backoff = { kind: 'fixed', firstMs: 2_000, maxMs: 2_000 } as const
    master.submit(1, { retries: 1, backoff })
    master.hearsReport('lab', [ref(1)], aResult('failure'))
    master.passes(500)
    const reason = 'it was a failure'
    const backing = { type: 'backing-off', task: 1, attempt: 1, forMs: 1_500, reason }
    expect(why(master)).to.deep.equal([backing])
    expect(why(master, 1, 1)).to.deep.equal([backing])
    master.passes(2_500)
    expect(why(master, 1, 1)).to.deep.equal([
      { type: 'elsewhere-first', forMs: 9_000, others: 1 },
      { type: 'no-slot', suit: 2, workers: 1 }
    ])
  })

  it('says who rests, who drains, and that the master does', () => {
    const master = aMaster()
    joins(master, 'lab', { slots: 1, credit: 9 })
    master.submit(9)
    const view = master.machine.state.workers.get('lab' as NodeId)
    view!.conduct.restUntil = 3_000
    expect(why(master, 1, 9)).to.deep.equal([
      { type: 'resting', worker: 'lab', forMs: 3_000, reason: '' }
    ])
    master.does({ type: 'drain-worker', worker: 'lab' as NodeId, isDraining: true })
    expect(why(master, 1, 9)).to.deep.equal([{ type: 'workers-drain', workers: 1 }])
    master.does({ type: 'drain' })
    expect(why(master, 1, 9)).to.deep.equal([{ type: 'master-drains' }])
  })

  it('says what the last came to of those because of which somebody rests', () => {
    const master = aMaster()
    joins(master, 'lab', { slots: 5, credit: 9 })
    master.submit(9)
    const full = { ...aResult('refused', 1), reason: 'no space left on device' }
    master.hearsReport(
      'lab',
      [1, 2, 3, 4, 5].map((task) => ref(task)),
      full
    )
    const [resting] = why(master, 1, 9)
    expect(resting).to.include({ type: 'resting', worker: 'lab', reason: full.reason })
  })

  it('says who takes nothing, with a free slot, and could not run the last it had', () => {
    const master = aMaster()
    joins(master, 'lab', { slots: 1, credit: 1 })
    master.submit(2, { priority: 1 })
    const full = { ...aResult('refused', 1), reason: 'no space left on device' }
    master.hearsReport('lab', [ref(1)], full)
    const takesNothing = { type: 'takes-nothing', worker: 'lab', reason: full.reason }
    expect(why(master, 1, 2)).to.deep.equal([takesNothing])
    master.hears('lab', { type: 'offer', credit: 2, withdrawn: 0, more: true })
    master.hearsReport('lab', [ref(2)])
    master.submit(1)
    expect(why(master, 2)).to.deep.equal([{ type: 'no-slot', suit: 1, workers: 1 }])
  })

  it('says that nothing is left, or nothing is in the way', () => {
    const master = aMaster()
    joins(master, 'lab', { slots: 1, credit: 1 })
    master.does({
      type: 'submit',
      job: 1 as JobId,
      spec: { kind: 'shell' } as never,
      options: { priority: 0, retries: 0 }
    })
    expect(why(master)).to.deep.equal([{ type: 'no-tasks' }])
  })

  it('has words for every reason', () => {
    const reasons: Explanation[] = [
      { type: 'not-here' },
      { type: 'waits-for-job', job: 3 as JobId, needs: 'ok' },
      { type: 'no-tasks' },
      { type: 'under-way', running: 1, leased: 2 },
      { type: 'runs', worker: 'lab', attempt: 2 },
      { type: 'leased', worker: 'lab', attempt: 1 },
      { type: 'backing-off', task: 4, attempt: 2, forMs: 1_500, reason: 'exit 1' },
      { type: 'master-drains' },
      { type: 'no-worker' },
      { type: 'worker-away', worker: 'desk' },
      { type: 'no-label', need: { label: 'gpu', value: '1' }, workers: 3 },
      { type: 'too-large', amount: 'gpu', asked: 4, most: 2 },
      { type: 'too-large', amount: 'memory', asked: 2 ** 40, most: 3 * 2 ** 29 },
      { type: 'too-large', amount: 'cpus', asked: 3, most: 2 },
      { type: 'nobody-suits', workers: 1 },
      { type: 'workers-drain', workers: 2 },
      { type: 'resting', worker: 'lab', forMs: 20_400, reason: 'exit status 1' },
      { type: 'resting', worker: 'lab', forMs: 1_000, reason: '' },
      { type: 'takes-nothing', worker: 'lab', reason: 'no space left on device' },
      { type: 'elsewhere-first', forMs: 9_000, others: 2 },
      { type: 'no-slot', suit: 3, workers: 3 },
      { type: 'no-room', suit: 1, workers: 1 },
      { type: 'job-limit', suit: 2, workers: 1 },
      { type: 'others-first' }
    ]
    expect(reasons.map(explanationText)).to.deep.equal([
      'there is no such task, or it has ended',
      'waits until job 3 has ended well',
      'there is nothing to run: no task was added, or all that were have ended',
      '1 task running, 2 with workers and not started',
      'runs on lab, attempt 2',
      'is with lab, which has not started it yet, attempt 1',
      'task 4 is tried again in 1.5 s; attempt 2 came to nothing: exit 1',
      'this master drains: it gives out no more work',
      'no worker is connected: start `p2pjobs node` on a machine of the network',
      'the worker it is for, desk, is not connected',
      'none of 3 workers has the label gpu=1',
      'a task takes 4 of gpu, and no worker has more than 2',
      'a task takes 1 TiB of memory, and no worker has more than 1.5 GiB',
      'a task takes 3 cpus, and no worker has more than 2',
      'none of 1 worker has all that it asks for at once',
      'all workers that suit drain: 2',
      'lab rests for 20 s: tasks failed there one after the other, the last with: exit status 1',
      'lab rests for 1.0 s: tasks failed there one after the other',
      'lab takes no tasks now; the last one could not be run there: no space left on device',
      'it failed elsewhere, and waits up to 9.0 s for 2 other workers',
      '3 of 3 workers that suit have no free slot',
      '1 of 1 worker that suits has not enough left of what a task takes',
      '1 of 2 workers that suit has as many tasks of the job as it allows on one machine',
      'nothing stands in its way: it is next, or other work comes first'
    ])
  })
})
