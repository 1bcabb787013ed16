/** Calls of tasks for the objects of managers: whose they are, and what a process cannot make of them. */
import { expect } from 'chai'
import type { Answer, Call } from '../../src/core/manager/calls.ts'
import { encodeCalls } from '../../src/values/calls.ts'
import { refer } from '../../src/values/references.ts'
import { until } from '../support/executors.ts'
import { TestFunctions, forEachIsolation, valueOf } from '../support/functions.ts'
import type { FunctionEnd, StartedFunction } from '../support/functions.ts'

forEachIsolation('function executor, managers', (isolation) => {
  let on: TestFunctions
  let clients: { readonly manager: string; readonly calls: Call[]; hasLeft: boolean }[]
  let mute: boolean

  before(async () => {
    on = await TestFunctions.open(isolation, {
      openManager: (manager) => {
        const client = { manager, calls: [] as Call[], hasLeft: false }
        clients.push(client)
        return {
          call: (call) => {
            const request = client.calls.push(call)
            const answer: Answer = { request, status: 'ok', args: [true, request], values: [] }
            const never = new Promise<Answer>(() => undefined)
            return { request, answer: mute ? never : Promise.resolve(answer) }
          },
          cancel: () => undefined,
          leave: () => {
            client.hasLeft = true
            return Promise.resolve()
          }
        }
      }
    })
  })
  beforeEach(() => {
    clients = []
    mute = false
  })
  after(() => on.remove())

  /** Starts a function with what stands for a lock. */
  function startWithLock(name: string, where = on): StartedFunction {
    const proxy = new Proxy({}, {})
    refer(proxy, { manager: 'm', kind: 'lock', name: 'lock', options: undefined })
    const input = encodeCalls([[proxy]], { takesReferences: true })
    return where.startBytes(name, [input], {})[0]!
  }

  async function runWithLock(name: string): Promise<FunctionEnd> {
    return await startWithLock(name).end
  }

  it('each task is a client of its own, until its end', async () => {
    expect(valueOf(await runWithLock('fenceOf'))).to.equal(2)
    expect(valueOf(await runWithLock('fenceOf'))).to.equal(2)
    const seen = clients.map(({ manager, hasLeft, calls }) => [
      manager,
      hasLeft,
      calls.map(({ op }) => op)
    ])
    const one = ['m', true, ['attach', 'acquire']]
    expect(seen).to.deep.equal([one, one])
  })

  it('a task that is killed while it waits leaves', async () => {
    mute = true
    const started = startWithLock('fenceOf')
    await until(() => clients[0]?.calls.length === 2, 'a call')
    on.executor.stop(started.run)
    expect(await started.end).to.include({ outcome: 'failure' })
    expect(clients[0]?.hasLeft).to.equal(true)
  })

  it('code that a task left behind calls nobody', async () => {
    on.notices.length = 0
    await runWithLock('callLater')
    const isTold = (): boolean =>
      on.notices.some((text) => text.includes('while its task runs only'))
    await until(isTold, 'a notice')
    expect(clients).to.deep.equal([])
  })

  for (const [what, head] of [
    ['no list', '{}'],
    ['no manager', '["",1,10,null,[],[]]'],
    ['an unknown operation', '["m",1,999,null,[],[]]'],
    ['values that did not come', '["m",1,10,null,[],[5]]']
  ] as const) {
    it(`a call with ${what} ends its process, and nothing else`, async () => {
      const end = await on.run('writeCallOf', [1, head], { master: what })
      expect(end).to.include({ outcome: 'crash' })
      expect(end.reason).to.include('sent what it should not')
      expect(clients).to.deep.equal([])
      expect(await on.value('add', [1, 1])).to.equal(2)
    })
  }

  it('a call of a task that the process does not have is nobody’s', async () => {
    const [started] = on.startAll('writeCallOf', [[[77, '["m",1,10,null,[],[]]']]], { master: 'x' })
    expect(valueOf(await runWithLock('fenceOf'))).to.equal(2)
    on.executor.stop(started!.run)
    await started!.end
    expect(clients).to.have.length(1)
  })

  it('without a way to managers a task is told so', async () => {
    const other = await TestFunctions.open(isolation)
    expect(valueOf(await startWithLock('codeOf', other).end)).to.equal('NOT_SERVED')
    await other.remove()
  })
})
