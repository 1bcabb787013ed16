/**
 * Programs of several clients against a sequential model, with connections that are cut and clients
 * that die: nothing is lost, doubled or out of order, no lock has two holders.
 *
 * A failure prints its seed: `MANAGER_SEED=… npx mocha test/sim/manager.test.ts`.
 */
import { expect } from 'chai'
import { Rng } from '../../src/core/rng.ts'
import { LEASE, ManagerWorld } from '../support/manager-world.ts'
import type { WorldClient } from '../support/manager-world.ts'

const SEEDS = 300
const STEPS = 300
const CLIENTS = 4

interface Program {
  readonly client: WorldClient
  readonly queue: number
  readonly lock: number
  readonly puts: string[]
  readonly gets: number[]
  readonly acquires: number[]
  released: number
}

class Scenario {
  readonly world = new ManagerWorld()
  readonly rng: Rng
  readonly programs: Program[] = []
  readonly maxsize: number
  #items = 0

  constructor(seed: number) {
    this.rng = new Rng(seed)
    this.maxsize = this.rng.integer(0, 3)
    for (let count = 0; count < CLIENTS; count++) this.#add()
  }

  #add(): void {
    const client = this.world.client()
    this.programs.push({
      client,
      queue: client.attach('queue', 'q', this.maxsize),
      lock: client.attach('lock', 'l'),
      ...{ puts: [], gets: [], acquires: [], released: 0 }
    })
  }

  step(): void {
    const { rng, world } = this
    const program = this.programs[rng.integer(0, CLIENTS - 1)]!
    const { client, queue, lock } = program
    switch (rng.integer(0, 11)) {
      case 0:
      case 1:
      case 2: {
        const item = `${this.#items++}`
        program.puts.push(item)
        client.add(queue, 'put', { values: [Buffer.from(item)] })
        break
      }
      case 3:
      case 4:
      case 5:
        program.gets.push(client.add(queue, 'get', this.#patience()))
        break
      case 6:
        program.acquires.push(client.add(lock, 'acquire', this.#patience()))
        break
      case 7:
        this.#release(program)
        break
      case 8:
        client.cut()
        break
      case 9:
        world.pass(rng.integer(1, 200))
        break
      case 10:
        // Messages arrive one by one, and a cut may come between any two of them.
        for (let count = rng.integer(1, 5); count > 0; count--) client.deliver()
        break
      default:
        client.connect()
    }
    client.handle({ type: 'flush' })
    this.#check()
  }

  #patience(): { timeoutMs?: number } {
    return this.rng.integer(0, 2) === 0 ? { timeoutMs: this.rng.integer(0, 100) } : {}
  }

  /** What is held at a client: acquired, and not released by it. */
  fencesOf({ client, acquires }: Program): number[] {
    return acquires.flatMap((request) => {
      const answer = client.answers.get(request)
      return answer?.args[0] === true ? [Number(answer.args[1])] : []
    })
  }

  #release(program: Program): void {
    const fence = this.fencesOf(program)[program.released]
    if (fence === undefined) return
    program.released++
    program.client.add(program.lock, 'release', { args: [fence] })
  }

  /** No lock has two holders, as far as they know it: each has released before the next takes it. */
  #check(): void {
    const holders = this.programs.filter(
      (program) => this.fencesOf(program).length > program.released
    )
    expect(holders.length, 'holders').to.be.at.most(1)
  }

  /** Everything is connected, and whatever can end has ended. */
  finish(): void {
    for (let round = 0; round < 400; round++) {
      for (const { client } of this.programs) client.connect()
      this.world.pass(10)
      for (const program of this.programs) {
        this.#release(program)
        program.client.handle({ type: 'flush' })
      }
      this.world.settle()
    }
  }

  get taken(): string[] {
    return this.programs.flatMap(({ client, gets }) => {
      return gets.flatMap((get) => client.taken(get) ?? [])
    })
  }

  /** Takes what is left in the queue. */
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

describe('programs that share a queue and a lock', function () {
  this.timeout(120_000)
  const given = process.env['MANAGER_SEED']
  const seeds = given === undefined ? Array.from({ length: SEEDS }, (_, at) => at) : [Number(given)]

  it(`${seeds.length} seeds with cuts: nothing lost, doubled or out of order`, () => {
    for (const seed of seeds) {
      try {
        run(seed)
      } catch (error) {
        throw new Error(`MANAGER_SEED=${seed}: ${(error as Error).message}`, { cause: error })
      }
    }
  })

  function run(seed: number): void {
    const scenario = new Scenario(seed)
    for (let step = 0; step < STEPS; step++) scenario.step()
    scenario.finish()
    const { programs } = scenario
    // Who still waits for an item would have got it: only then the queue is empty.
    const taken = scenario.taken
    const all = [...taken, ...scenario.drain()].map(Number).sort((a, b) => a - b)
    const put = programs.flatMap(({ puts }) => puts).map(Number)
    const waiting = put.length - all.length
    expect(new Set(all).size, 'doubled').to.equal(all.length)
    expect(waiting, 'lost').to.equal(0)
    // Of each putter, each getter sees the items in the order in which they were put.
    for (const { client, gets } of programs) {
      for (const { puts } of programs) {
        const seen = gets
          .flatMap((get) => client.taken(get) ?? [])
          .filter((item) => puts.includes(item))
        expect(seen, 'order').to.deep.equal([...seen].sort((a, b) => Number(a) - Number(b)))
      }
    }
    const fences = programs.flatMap((program) => scenario.fencesOf(program))
    expect(new Set(fences).size, 'fences').to.equal(fences.length)
    expect([...scenario.world.manager.state.clients.values()].length).to.equal(CLIENTS)
  }

  it('clients that die: what they had on lease is dealt with by others, once', () => {
    for (let seed = 0; seed < SEEDS / 3; seed++) runWithDeaths(seed)
  })

  /** Slaves that take, and die at any moment; a new one comes for each. */
  function runWithDeaths(seed: number): void {
    const rng = new Rng(seed)
    const world = new ManagerWorld()
    const master = world.client()
    const jobs = master.attach('queue', 'jobs')
    for (let job = 0; job < 20; job++) master.put(jobs, `${job}`)
    const done: string[] = []
    const slave = (): { client: WorldClient; queue: number; get: number } => {
      const client = world.client()
      const queue = client.attach('queue', 'jobs')
      return { client, queue, get: client.call(queue, 'get', { args: [1, true] }) }
    }
    const slaves = [slave(), slave()]
    for (let step = 0; step < 10_000 && done.length < 20; step++) {
      const place = rng.integer(0, 1)
      const { client, queue, get } = slaves[place]!
      if (rng.integer(0, 3) === 0) {
        client.kill()
        slaves[place] = slave()
        world.pass(rng.integer(0, LEASE))
        continue
      }
      const answer = client.answers.get(get)
      world.pass(10)
      if (answer === undefined) continue
      expect(client.ask(queue, 'ack', { args: answer.args }).status).to.equal('ok')
      done.push(Buffer.from(answer.values[0]!).toString())
      slaves[place] = { client, queue, get: client.call(queue, 'get', { args: [1, true] }) }
    }
    expect(
      done.map(Number).sort((a, b) => a - b),
      `seed ${seed}`
    ).to.deep.equal(Array.from({ length: 20 }, (_, at) => at))
  }
})
