import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { operatingErrorOf } from '../../src/core/errors.ts'
import { Rng } from '../../src/core/rng.ts'
import type { JobId } from '../../src/core/types.ts'
import { ControlClient } from '../../src/control/control-client.ts'
import { ControlServer } from '../../src/control/control-server.ts'
import { encodeHello } from '../../src/control/greeting.ts'
import { encodeRequest } from '../../src/control/requests.ts'
import { socketPlace } from '../../src/control/socket-path.ts'
import { FrameBuilder } from '../../src/wire/frame.ts'
import type { RawMessage } from '../../src/wire/frame.ts'
import { all, bytes, only, TestDesk, VERSIONS } from '../support/desk.ts'
import { SPEC } from '../support/machines.ts'
import { until } from '../support/until.ts'
import { codeOfRejection } from '../support/code-of.ts'

const OPTIONS = { priority: 0, retries: 0 }

function frameOf(raw: RawMessage): Uint8Array {
  const builder = new FrameBuilder()
  builder.add(raw)
  return builder.take()[0]!
}

async function raw(desk: TestDesk): Promise<Socket> {
  const socket = connect(desk.path)
  // Being hung up on is what these tests are about.
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

async function hungUpOn(socket: Socket): Promise<void> {
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}

describe('the control socket', function () {
  this.timeout(30_000)
  let desk: TestDesk

  beforeEach(async () => {
    desk = await TestDesk.open({ clientsMax: 8, helloMs: 20_000 })
  })

  afterEach(() => desk.close())

  async function isAlive(): Promise<void> {
    const jobs = await desk.connect()
    expect(await all(jobs.workers())).to.deep.equal([])
    jobs.close()
  }

  it('can be opened by its user alone', () => {
    expect(statSync(desk.path).mode & 0o777).to.equal(0o600)
  })

  it('says who is there', async () => {
    const jobs = await desk.connect()
    const { epoch } = desk.jobs.journal
    expect(jobs.node).to.deep.equal({ ...VERSIONS, epoch, name: 'desk' })
  })

  it('refuses a version it does not speak, naming both', async () => {
    const versions = { oldest: 7, newest: 9, program: 'p2pjobs 9.9.9' }
    const connecting = ControlClient.connect({ path: desk.path, versions })
    await connecting.then(
      () => expect.fail('it was let in'),
      (error: unknown) => {
        expect(operatingErrorOf(error)).to.have.property('code', 'REFUSED')
        expect(String(error)).to.match(/protocol 1\).*p2pjobs 9.9.9 \(control protocol 7 to 9\)/)
      }
    )
    await isAlive()
  })

  it('hangs up on who says nonsense, and serves the others', async () => {
    const rng = new Rng(1)
    const hello = frameOf(encodeHello(VERSIONS))
    const nonsense: Uint8Array[] = [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Uint8Array.of(0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0, 0, 0, 3, 1, 2, 3),
      frameOf(encodeRequest({ type: 'workers' })),
      Buffer.concat([hello, Uint8Array.of(0, 0, 0, 2, 9, 9)]),
      Buffer.concat([hello, frameOf({ type: 2, fields: ['x'], payloads: [] })])
    ]
    for (let round = 0; round < 30; round++) {
      nonsense.push(new Uint8Array(200).map(() => rng.integer(128, 255)))
    }
    for (const what of nonsense) {
      const socket = await raw(desk)
      socket.write(what)
      await hungUpOn(socket)
    }
    expect(desk.server.refusals).to.equal(nonsense.length)
    await isAlive()
  })

  it('answers what it does not know by an error', async () => {
    const client = await ControlClient.connect({ path: desk.path, versions: VERSIONS })
    const socket = await raw(desk)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.write(frameOf(encodeHello(VERSIONS)))
    socket.write(frameOf({ type: 31, fields: [], payloads: [] }))
    await until(() => Buffer.concat(chunks).includes('does not know this request'), 'it is said')
    socket.destroy()
    client.close()
  })

  it('is not harmed by a client that vanishes inside a frame', async () => {
    const whole = frameOf(
      encodeRequest({ type: 'submit', spec: SPEC, options: OPTIONS, inputs: [], isWhole: true })
    )
    for (const half of [whole.subarray(0, 2), whole.subarray(0, whole.length - 1)]) {
      const socket = await raw(desk)
      socket.end(Buffer.concat([frameOf(encodeHello(VERSIONS)), half]))
      await hungUpOn(socket)
    }
    await until(() => desk.server.clients === 0, 'they are gone')
    expect(desk.server.refusals).to.equal(0)
    expect(await all((await desk.connect()).jobs({ type: 'all' }))).to.deep.equal([])
  })

  it('ends who does not say hello', async () => {
    const hasty = await TestDesk.open({ helloMs: 20 })
    try {
      await hungUpOn(await raw(hasty))
      await until(() => hasty.server.clients === 0, 'it is gone')
    } finally {
      await hasty.close()
    }
  })

  it('takes so many clients and no more, and says so', async () => {
    const clients = []
    for (let count = 0; count < 8; count++) clients.push(await desk.connect())
    expect(await codeOfRejection(desk.connect())).to.equal('REFUSED')
    clients[0]?.close()
    await until(() => desk.server.clients === 7, 'one is gone')
    expect(await all((await desk.connect()).workers())).to.deep.equal([])
  })

  it('survives a flood of connections', async () => {
    const sockets = await Promise.all(Array.from({ length: 300 }, () => raw(desk)))
    for (const socket of sockets) socket.write(frameOf(encodeHello(VERSIONS)))
    await until(() => desk.server.clients === 8, 'the others are sent away')
    for (const socket of sockets) socket.destroy()
    await until(() => desk.server.clients === 0, 'all are gone')
    await isAlive()
  })

  it('holds back a client that asks and does not listen, and nobody else', async () => {
    const jobs = await desk.connect()
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes(...Array<string>(40).fill('a')))
    const hand = desk.worker()
    const stdout = new Uint8Array(250_000)
    for (let task = 1; task <= 40; task++) await hand.ends(`1.${task}`, 'success', { stdout })
    await all(jobs.wait(only(job), new AbortController().signal))
    const results = { job, place: 0, isFollowing: true, hasInputs: false, hasNotices: false }
    const slow = await raw(desk)
    slow.pause()
    slow.write(frameOf(encodeHello(VERSIONS)))
    for (let count = 0; count < 20; count++) {
      slow.write(frameOf(encodeRequest({ type: 'results', ...results })))
    }
    const { journal } = desk.jobs
    const read = journal.results.bind(journal)
    let pages = 0
    journal.results = (...args) => {
      pages++
      return read(...args)
    }
    // A page of all results and one of none for each: and of the slow one's first request a page.
    for (let count = 1; count <= 10; count++) {
      expect(await all(jobs.results(results))).to.have.length(41)
      expect(pages).to.be.at.most(2 * count + 1)
    }
    slow.destroy()
    await until(() => desk.server.clients === 1, 'it is gone')
  })

  it('does not read further than it can deal with', async () => {
    const stuck = Promise.withResolvers<undefined>()
    const { add } = { add: desk.jobs.add.bind(desk.jobs) }
    desk.jobs.add = async (job, inputs) => {
      await stuck.promise
      await add(job, inputs)
    }
    const jobs = await desk.connect()
    const feed = await jobs.submit(SPEC, OPTIONS)
    const socket = await raw(desk)
    socket.write(frameOf(encodeHello(VERSIONS)))
    socket.write(
      frameOf(
        encodeRequest({ type: 'submit', spec: SPEC, options: OPTIONS, inputs: [], isWhole: false })
      )
    )
    const batch = frameOf(
      encodeRequest({ type: 'inputs', inputs: [new Uint8Array(250_000), new Uint8Array(250_000)] })
    )
    // 50 MB: more than the system holds between two processes.
    for (let count = 0; count < 100; count++) socket.write(batch)
    // As much work for the server as all of it would be.
    for (let count = 0; count < 500; count++) await all(jobs.workers())
    expect(socket.writableLength).to.be.above(40_000_000)
    stuck.resolve(undefined)
    await until(() => socket.writableLength === 0, 'all of it is taken')
    await feed[Symbol.asyncDispose]()
    socket.destroy()
  })

  it('is closed with everybody on it', async () => {
    const jobs = await desk.connect()
    const job = await jobs.submitWhole(SPEC, OPTIONS, bytes('a'))
    const waiting = codeOfRejection(all(jobs.wait(only(job), new AbortController().signal)))
    await desk.server.close()
    expect(await waiting).to.equal('UNREACHABLE')
    expect(existsSync(desk.path)).to.equal(false)
    expect(await codeOfRejection(desk.connect())).to.equal('NO_DAEMON')
  })

  it('belongs to one server at a time, and a dead one leaves it to the next', async () => {
    const init = {
      path: desk.path,
      welcome: { ...VERSIONS, epoch: 'e', name: 'other' },
      answerer: { answer: () => (async function* () {})() },
      onProblem: () => undefined
    }
    expect(await codeOfRejection(ControlServer.listen(init))).to.equal('PORT_IN_USE')
    await isAlive()
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-control-'))
    const path = join(folder, 'control.sock')
    const code = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', code])
    expect(existsSync(path)).to.equal(true)
    expect(await codeOfRejection(ControlClient.connect({ path, versions: VERSIONS }))).to.equal(
      'NO_DAEMON'
    )
    const server = await ControlServer.listen({ ...init, path })
    const client = await ControlClient.connect({ path, versions: VERSIONS })
    expect(client.welcome.name).to.equal('other')
    client.close()
    await server.close()
    writeFileSync(path, 'something of value')
    expect(await codeOfRejection(ControlServer.listen({ ...init, path }))).to.equal('BAD_HOME')
    expect(statSync(path).size).to.equal(18)
    rmSync(folder, { recursive: true })
  })

  it('says that a node does not answer', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-control-'))
    const path = join(folder, 'control.sock')
    const deaf = createServer((socket) => socket.resume()).listen(path)
    await once(deaf, 'listening')
    const connecting = ControlClient.connect({ path, versions: VERSIONS, helloMs: 20 })
    expect(await codeOfRejection(connecting)).to.equal('UNREACHABLE')
    deaf.close()
    await once(deaf, 'close')
    rmSync(folder, { recursive: true })
  })

  it('reports a bug to both sides and goes on', async () => {
    desk.jobs.submitWhole = () => Promise.reject(new TypeError('no such thing'))
    const jobs = await desk.connect()
    expect(await codeOfRejection(jobs.submitWhole(SPEC, OPTIONS, []))).to.equal('FAULT')
    expect(desk.problems.join()).to.match(/bug of p2pjobs.*TypeError: no such thing/)
    expect(await codeOfRejection(all(jobs.explain(3 as JobId, undefined)))).to.equal('NOT_FOUND')
  })
})

describe('socketPlace', () => {
  it('is in the data folder, or in a private one where that is too long', () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-control-'))
    chmodSync(folder, 0o755)
    expect(socketPlace(folder).path).to.equal(join(folder, 'control.sock'))
    const long = join(folder, 'x'.repeat(120))
    const place = socketPlace(long, folder)
    expect(place.path).to.match(new RegExp(`^${folder}/p2pjobs-\\w{6}/control\\.sock$`))
    expect(statSync(join(place.path, '..')).mode & 0o777).to.equal(0o700)
    expect(Buffer.byteLength(place.path)).to.be.at.most(103)
    place.remove()
    expect(existsSync(join(place.path, '..'))).to.equal(false)
    place.remove()
    const other = socketPlace(long, long)
    expect(Buffer.byteLength(other.path)).to.be.at.most(103)
    other.remove()
    rmSync(folder, { recursive: true })
  })
})
