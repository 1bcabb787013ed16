/**
 * Programs that share a durable queue, with a manager that is killed again and again, at any moment
 * between its work, its disk and its answers: what comes out is what a sequential queue would give.
 *
 * A failure prints its seed: `MANAGER_SEED=… npx mocha test/sim/manager-restarts.test.ts`.
 */
import { expect } from 'chai'
import { Rng } from '../../src/core/rng.ts'
import { bytes, ManagerWorld } from '../support/manager-world.ts'
import type { WorldClient } from '../support/manager-world.ts'

const SEEDS = 300
const STEPS = 200
const CLIENTS = 3

interface Program {
  readonly client: WorldClient
  readonly queue: number
  readonly puts: { readonly request: number; readonly items: readonly string[] }[]
  readonly gets: number[]
  readonly leases: { readonly request: number; end: number | undefined; isBack: boolean }[]
}

class Scenario {
  readonly world = new ManagerWorld({ isDurable: true })
  readonly rng: Rng
  readonly programs: Program[] = []
  restarts = 0
  readonly #givesBack: boolean
  #items = 0

  constructor(seed: number) {
    this.rng = new Rng(seed)
    this.#givesBack = seed % 3 === 0
    this.world.isDiskSlow = seed % 2 === 1
    const maxsize = this.rng.integer(0, 3)
    for (let count = 0; count < CLIENTS; count++) {
      const client = this.world.client()
      const queue = client.attach('joinableQueue', 'q', maxsize)
      this.programs.push({ client, queue, puts: [], gets: [], leases: [] })
    }
  }

  step(): void {
    const { rng, world } = this
    const program = this.programs[rng.integer(0, CLIENTS - 1)]!
    const { client, queue } = program
    switch (rng.integer(0, 13)) {
      case 0:
      case 1:
      case 2:
        this.#put(program)
        break
      case 3:
      case 4:
        program.gets.push(client.add(queue, 'get', this.#patience()))
        break
      case 5:
        program.leases.push({
          request: client.add(queue, 'get', { args: [2, true], ...this.#patience() }),
          end: undefined,
          isBack: false
        })
        break
      case 6:
        this.endLeases(program, this.#givesBack && rng.integer(0, 1) === 0 ? 'giveBack' : 'ack')
        break
      case 7:
        client.cut()
        break
      case 8:
        world.pass(rng.integer(1, 200))
        break
      case 9:
        // Messages arrive one by one, and the manager may die between any two of them.
        for (let count = rng.integer(1, 5); count > 0; count--) client.deliver()
        break
      case 10:
        world.commit(rng.integer(1, 3))
        break
      case 11:
        this.restarts++
        world.crash(rng.integer(0, 2))
        break
      default:
        client.connect()
    }
    client.handle({ type: 'flush' })
  }

  #put({ client, queue, puts }: Program): void {
    const items = Array.from({ length: this.rng.integer(1, 3) }, () => `${this.#items++}`)
    const request = client.add(queue, 'put', { values: items.map(bytes), ...this.#patience() })
    puts.push({ request, items })
  }

  #patience(): { timeoutMs?: number } {
    return this.rng.integer(0, 2) === 0 ? { timeoutMs: this.rng.integer(0, 100) } : {}
  }

  /** Of all that is on lease to this program and known to be. */
  endLeases({ client, queue, leases }: Program, op: 'ack' | 'giveBack'): void {
    for (const lease of leases) {
      const answer = client.answers.get(lease.request)
      if (lease.end !== undefined || answer?.status !== 'ok') continue
      lease.end = client.add(queue, op, { args: answer.args })
      lease.isBack = op === 'giveBack'
    }
  }

  /** Everything is connected, and whatever can end has ended. */
  finish(): void {
    this.world.isDiskSlow = false
    this.world.commit()
    for (let round = 0; round < 60; round++) {
      for (const program of this.programs) {
        program.client.connect()
        this.endLeases(program, 'ack')
        program.client.handle({ type: 'flush' })
      }
      this.world.pass(100)
    }
  }

  /** What came out for good. */
  get taken(): string[] {
    return this.programs.flatMap(({ client, gets, leases }) => [
      ...gets.flatMap((get) => client.taken(get) ?? []),
      ...leases.flatMap(({ request, isBack }) => (isBack ? [] : (client.taken(request) ?? [])))
    ])
  }

  /** What went in: of a put that was not answered by `ok`, as many items as it says. */
  get put(): string[] {
    return this.programs.flatMap(({ client, puts }) =>
      puts.flatMap(({ request, items }) => {
        const answer = client.answers.get(request)
        expect(answer?.status, 'a put').to.be.oneOf(['ok', 'full'])
        return items.slice(0, Number(answer?.args[0]))
      })
    )
  }

  /** Takes what is left, until no put waits for room. */
  drain(): string[] {
    const { client, queue } = this.programs[0]!
    const left: string[] = []
    while (true) {
      const answer = client.ask(queue, 'get', { timeoutMs: 0 })
      if (answer.status !== 'ok') return left
      left.push(Buffer.from(answer.values[0]!).toString())
    }
  }
}

function inOrder(items: readonly string[]): string[] {
  return [...items].sort((a, b) => Number(a) - Number(b))
}

describe('a durable queue whose manager is killed', function () {
  this.timeout(120_000)
  const given = process.env['MANAGER_SEED']
  const seeds = given === undefined ? Array.from({ length: SEEDS }, (_, at) => at) : [Number(given)]

  it(`${seeds.length} seeds: nothing lost, doubled or out of order, and nobody is given up`, () => {
    let restarts = 0
    for (const seed of seeds) {
      try {
        restarts += run(seed)
      } catch (error) {
        throw new Error(`MANAGER_SEED=${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
    expect(restarts).to.be.above(5 * seeds.length)
  })

  function run(seed: number): number {
    const scenario = new Scenario(seed)
    for (let step = 0; step < STEPS; step++) scenario.step()
    scenario.finish()
    const { programs, world } = scenario
    const left = scenario.drain()
    world.settle()
    expect(inOrder([...scenario.taken, ...left])).to.deep.equal(inOrder(scenario.put))
    for (const { client, gets } of programs) {
      expect([...client.lost], 'lost').to.deep.equal([])
      expect(client.gone, 'gone').to.equal(undefined)
      // What comes back goes first, behind nothing that was taken meanwhile.
      if (programs.some(({ leases }) => leases.some(({ isBack }) => isBack))) continue
      // Of each putter, each getter sees the items in the order in which they were put.
      for (const { puts } of programs) {
        const items = new Set(puts.flatMap(({ items }) => items))
        const seen = gets
          .flatMap((get) => client.taken(get) ?? [])
          .filter((each) => items.has(each))
        expect(seen, 'order').to.deep.equal(inOrder(seen))
      }
    }
    expectBounded(world)
    return scenario.restarts
  }

  /** What is over leaves nothing on the disk. */
  function expectBounded(world: ManagerWorld): void {
    world.pass(5_000)
    const types = [...world.disk.values()].map(({ type }) => type)
    const waits = [...world.manager.state.clients.values()].flatMap(({ waits }) => [...waits])
    expect(types.filter((type) => type === 'item').length, 'items').to.equal(0)
    expect(types.filter((type) => type === 'lease').length, 'leases').to.equal(0)
    expect(types.filter((type) => type === 'wait').length, 'waits').to.equal(waits.length)
    expect(types.filter((type) => type === 'client').length, 'clients').to.equal(CLIENTS)
  }
})
