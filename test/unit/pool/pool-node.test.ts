import { expect } from 'chai'
import { checkWorker, problemsTo } from '../../../src/pool/pool-node.ts'
import type { PoolNode } from '../../../src/pool/pool-node.ts'

describe('pool: its node', () => {
  it('tells a problem once, and none that heals by itself', () => {
    const told: string[] = []
    const onProblem = problemsTo((line) => void told.push(line))
    onProblem('a task left something behind')
    onProblem('session with somebody: it ended', true)
    onProblem('cannot reach it; it is tried again')
    onProblem('cannot reach it; it is tried again')
    expect(told).to.deep.equal([
      'a task left something behind',
      'cannot reach it; it is tried again'
    ])
  })

  it('refuses a worker that can never come', () => {
    const alone = { node: { id: 'local' }, onlyWorker: 'me' } as unknown as PoolNode
    for (const worker of [undefined, 'me', 'local']) checkWorker(alone, worker)
    expect(() => checkWorker(alone, 'nobody'))
      .to.throw(/^worker must be 'me', not 'nobody': this pool has no network/)
      .with.property('code', 'USAGE')
    checkWorker({ ...alone, onlyWorker: undefined }, 'nobody')
  })
})
