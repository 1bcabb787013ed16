/** CPython's tests of shared objects: in one program, and between programs over real connections. */
import { dataSuite } from '../support/manager-data-suite.ts'
import { ManagerHome } from '../support/manager-home.ts'
import { meetingSuite } from '../support/manager-meeting-suite.ts'
import { lockSuite, queueSuite } from '../support/manager-suite.ts'
import type { Two } from '../support/manager-suite.ts'

const WHERE: Readonly<Record<string, (home: ManagerHome) => Promise<Two>>> = {
  'in one program': async (home) => {
    const manager = await home.local()
    return { server: manager, one: manager, two: manager }
  },
  'between the program that serves and another one': async (home) => {
    const server = await home.serve()
    return { server, one: server, two: await home.connect(server) }
  },
  'between two programs that a third one serves': async (home) => {
    const server = await home.serve()
    const [one, two] = [await home.connect(server), await home.connect(server)]
    return { server, one, two }
  }
}

for (const [where, open] of Object.entries(WHERE)) {
  describe(`shared objects ${where}`, function () {
    this.timeout(60_000)
    let home: ManagerHome
    let two: Two

    before(async () => {
      home = new ManagerHome()
      two = await open(home)
    })

    after(async () => {
      await home.end()
    })

    describe('queues', () => queueSuite(() => two))
    describe('locks and semaphores', () => lockSuite(() => two))
    describe('conditions, events and barriers', () => meetingSuite(() => two))
    describe('data', () => dataSuite(() => two))
  })
}
