import { expect } from 'chai'
import type { Child } from '../../../../src/exec/functions/child.ts'
import { Dispatcher } from '../../../../src/exec/functions/dispatcher.ts'
import { Pace } from '../../../../src/exec/functions/pace.ts'
import { runOf } from '../../../../src/exec/functions/run.ts'
import type { Run, Work } from '../../../../src/exec/functions/run.ts'

/** Tasks of `ms` milliseconds each; more than two of them are too much for one child. */
class FakeChild {
  readonly name: string
  state: Child['state'] = 'starting'
  crewKey: string | undefined
  idleSince = 0
  readonly runs: Run[] = []
  flushes = 0

  constructor(name: string) {
    this.name = name
  }

  get size(): number {
    return this.runs.length
  }

  get loadMs(): number {
    return this.runs.reduce((sum, { work }) => sum + work.pace.meanMs, 0)
  }

  assign({ crewKey }: Work): void {
    this.crewKey = crewKey
  }

  hasRoomFor(run: Run): boolean {
    if (this.state !== 'ready') return false
    return this.size === 0 || this.loadMs + run.work.pace.meanMs <= 2
  }

  flush(): void {
    this.flushes++
  }

  end(): void {
    this.runs.shift()!.state = 'ended'
  }
}

class Scene {
  readonly launched: FakeChild[] = []
  readonly retired: string[] = []
  readonly dispatcher: Dispatcher
  mayLaunch = true
  #order = 1
  readonly #works = new Map<string, Work>()

  constructor(slots: number, idleMax = 10) {
    this.dispatcher = new Dispatcher(slots, idleMax, {
      launch: () => (this.mayLaunch ? this.launch() : undefined),
      give: (child, run) => {
        ;(child as unknown as FakeChild).runs.push(run)
        run.state = 'sent'
        run.child = child
        return true
      },
      retire: (child) => {
        this.retired.push((child as unknown as FakeChild).name)
        this.dispatcher.removeChild(child)
      }
    })
  }

  launch(): Child {
    const child = new FakeChild(`c${this.launched.length + 1}`)
    this.launched.push(child)
    return child as unknown as Child
  }

  /** Adds tasks of a crew, `ms` long each. */
  add(crewKey: string, count: number, ms = 1): Run[] {
    const runs = Array.from({ length: count }, () => {
      const run = runOf({} as Run['start'], this.#work(crewKey, ms), this.#order++)
      this.dispatcher.add(run)
      return run
    })
    this.dispatcher.dispatch()
    return runs
  }

  ready(...names: string[]): void {
    for (const name of names) this.child(name).state = 'ready'
    this.dispatcher.dispatch()
  }

  end(name: string, idleSince = 0): void {
    const child = this.child(name)
    child.end()
    child.idleSince = idleSince
    this.dispatcher.dispatch()
  }

  child(name: string): FakeChild {
    return this.launched.find((child) => child.name === name)!
  }

  /** Which runs each child has, by their order. */
  get hands(): Record<string, number[]> {
    return Object.fromEntries(
      this.launched.map(({ name, runs }) => [name, runs.map(({ order }) => order)])
    )
  }

  #work(crewKey: string, ms: number): Work {
    const key = `${crewKey} ${ms}`
    const known = this.#works.get(key)
    if (known !== undefined) return known
    const spec = { memoryBytesMax: crewKey === 'limited' ? 1 : undefined } as Work['spec']
    const fn = { bundle: 'b', exportName: 'e', pace: new Pace(ms) } as Work['fn']
    const work = { spec, fn, crewKey, pace: new Pace(ms) }
    const whole = { ...work, initializer: undefined, tasksPerChildMax: undefined }
    this.#works.set(key, whole)
    return whole
  }
}

describe('dispatcher', () => {
  it('starts a child for each task that waits, up to the slots', () => {
    const scene = new Scene(3)
    scene.add('a', 2)
    expect(scene.launched).to.have.length(2)
    scene.add('a', 5)
    expect(scene.launched).to.have.length(3)
  })

  it('spreads tasks over the children, and gives each as many as it has room for', () => {
    const scene = new Scene(2)
    scene.add('a', 5)
    scene.ready('c1', 'c2')
    expect(scene.hands).to.deep.equal({ c1: [1, 3], c2: [2, 4] })
    scene.end('c2')
    expect(scene.hands).to.deep.equal({ c1: [1, 3], c2: [4, 5] })
  })

  it('puts nothing behind a task that is long, or might be', () => {
    const scene = new Scene(2)
    scene.add('a', 1, 1_000)
    scene.ready('c1')
    scene.add('a', 1)
    expect(scene.launched).to.have.length(2)
    scene.ready('c2')
    expect(scene.hands).to.deep.equal({ c1: [1], c2: [2] })
    scene.add('a', 1, 1_000)
    expect(scene.hands).to.deep.equal({ c1: [1], c2: [2] })
  })

  it('uses the warmest of the idle children', () => {
    const scene = new Scene(2)
    scene.add('a', 2)
    scene.ready('c1', 'c2')
    scene.end('c1', 10)
    scene.end('c2', 20)
    scene.add('a', 1)
    expect(scene.hands).to.deep.equal({ c1: [], c2: [3] })
  })

  it('never gives one crew the child of another', () => {
    const scene = new Scene(2)
    scene.add('a', 1)
    scene.ready('c1')
    scene.end('c1')
    scene.add('b', 1)
    expect(scene.hands).to.deep.equal({ c1: [], c2: [] })
    scene.ready('c2')
    expect(scene.hands).to.deep.equal({ c1: [], c2: [2] })
  })

  it('lets nobody overtake a task that waits for a slot', () => {
    const scene = new Scene(1)
    scene.add('a', 1)
    scene.ready('c1')
    scene.add('b', 1)
    scene.add('a', 1)
    expect(scene.hands).to.deep.equal({ c1: [1] })
    scene.end('c1')
    expect(scene.hands).to.deep.equal({ c1: [], c2: [] })
    scene.ready('c2')
    expect(scene.hands).to.deep.equal({ c1: [], c2: [2] })
    scene.end('c2')
    expect(scene.hands).to.deep.equal({ c1: [3], c2: [] })
  })

  it('lets others go on while a child is being started, if there are slots', () => {
    const scene = new Scene(2)
    scene.add('a', 1)
    scene.ready('c1')
    scene.end('c1')
    scene.add('b', 1)
    scene.add('a', 1)
    expect(scene.hands).to.deep.equal({ c1: [3], c2: [] })
  })

  it('takes children that belong to nobody before it starts some', () => {
    const scene = new Scene(3)
    scene.dispatcher.addSpare(scene.launch())
    scene.dispatcher.addSpare(scene.launch())
    scene.ready('c1')
    scene.add('limited', 1)
    expect(scene.launched).to.have.length(3)
    scene.add('a', 2, 2)
    expect(scene.hands).to.deep.equal({ c1: [2], c2: [], c3: [] })
    scene.ready('c2')
    expect(scene.hands).to.deep.equal({ c1: [2], c2: [3], c3: [] })
    expect(scene.launched).to.have.length(3)
  })

  it('ends the child of others that has been idle longest when there are too many', () => {
    const scene = new Scene(1, 1)
    for (const [at, crew] of ['a', 'b', 'c'].entries()) {
      scene.add(crew, 1)
      scene.ready(`c${at + 1}`)
      scene.end(`c${at + 1}`, at)
    }
    expect(scene.retired).to.deep.equal(['c1'])
    scene.add('b', 1)
    expect(scene.hands['c2']).to.deep.equal([4])
  })

  it('begins first what was put back, in its order', () => {
    const scene = new Scene(1)
    const [first, second] = scene.add('a', 4)
    scene.ready('c1')
    expect(scene.hands).to.deep.equal({ c1: [1, 2] })
    scene.child('c1').runs.length = 0
    scene.dispatcher.putBack([first!, second!])
    scene.dispatcher.dispatch()
    expect(scene.hands).to.deep.equal({ c1: [1, 2] })
    expect(first!.hasWaited).to.equal(true)
  })

  it('forgets a task that is taken out, wherever it waits', () => {
    const scene = new Scene(1)
    const runs = scene.add('a', 6)
    scene.ready('c1')
    scene.child('c1').runs.length = 0
    scene.dispatcher.putBack([runs[0]!, runs[1]!])
    for (const at of [0, 3]) scene.dispatcher.removeRun(runs[at]!)
    scene.dispatcher.dispatch()
    expect(scene.hands).to.deep.equal({ c1: [2, 3] })
    const crew = scene.dispatcher.crew(scene.launched[0] as unknown as Child)
    expect(scene.dispatcher.takeWaiting(crew).map(({ order }) => order)).to.deep.equal([5, 6])
  })

  it('stops when no child can be started', () => {
    const scene = new Scene(2)
    scene.mayLaunch = false
    scene.add('a', 3)
    expect(scene.hands).to.deep.equal({})
    scene.mayLaunch = true
    scene.dispatcher.dispatch()
    expect(scene.launched).to.have.length(2)
  })

  it('writes to each child once for all it gets at a time', () => {
    const scene = new Scene(2)
    scene.add('a', 4)
    scene.ready('c1', 'c2')
    expect(scene.launched.map(({ flushes }) => flushes)).to.deep.equal([1, 1])
  })
})
