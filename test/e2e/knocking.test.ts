/** Strangers who knock at a node without end: whoever belongs there gets in all the same. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { LOOPBACK, Programs } from '../support/program.ts'
import type { TestNetwork } from '../support/program.ts'

const TRICKLE_MS = 200
/** What a dialer says first: the length of this line, and the line. */
const GREETING = Buffer.from('\x13/multistream/1.0.0\n')

describe('a node at which strangers knock', function () {
  this.timeout(60_000)
  let programs: Programs
  let network: TestNetwork
  const sockets: Socket[] = []

  beforeEach(async () => {
    programs = new Programs()
    network = await programs.master(['--slots', '0'])
  })

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    await programs.end()
  })

  /** Connects so many times at once; each then does what it likes. */
  async function knock(
    times: number,
    first: (socket: Socket) => void
  ): Promise<Promise<unknown>[]> {
    const port = Number(/\/tcp\/(\d+)/.exec(network.address)![1])
    const closed: Promise<unknown>[] = []
    await Promise.all(
      Array.from({ length: times }, async () => {
        // Not from where the members come, of whom some are on their way, too.
        const socket = connect({ port, host: '127.0.0.1', localAddress: '127.0.0.2' })
        sockets.push(socket)
        // Being hung up on is what this is about.
        socket.on('error', () => undefined)
        closed.push(new Promise((resolve) => socket.once('close', resolve)))
        await once(socket, 'connect')
        socket.resume()
        first(socket)
      })
    )
    return closed
  }

  /** A worker comes in, and a job goes round. */
  async function expectServes(): Promise<void> {
    await programs.worker(network, 'friend', ['--slots', '1'])
    const { home } = network
    const words = ['run', ...LOOPBACK, '--min-workers', '1', 'echo', ':::', 'well']
    expect(await programs.run(words, { home })).to.include({ code: 0, stdout: 'well\n' })
  }

  it('and say half a word now and then: they are hung up on, and a member comes in meanwhile', async () => {
    const closed = await knock(200, (socket) => {
      let said = 0
      const timer = setInterval(() => {
        if (said < GREETING.length - 1) socket.write(GREETING.subarray(said, ++said))
      }, TRICKLE_MS)
      socket.once('close', () => clearInterval(timer))
    })
    await expectServes()
    await Promise.all(closed)
  })

  it('a thousand times at once with nonsense: all are hung up on, and a member comes in', async () => {
    const closed = await knock(1_000, (socket) => socket.write(randomBytes(100)))
    await Promise.all(closed)
    await expectServes()
  })
})
