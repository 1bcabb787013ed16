/** A durable manager as a process that is killed again and again, while others put and take. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Manager } from '../../src/index.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { LineProcess } from '../support/line-process.ts'

const KILLS = 12
/** Between one kill and the next, one of the programs says so much at most. */
const LINES_MAX = 150
const WAIT_MS = 60_000

const MANAGER = fileURLToPath(new URL('../support/durable-manager.ts', import.meta.url))
const CLIENT = fileURLToPath(new URL('../support/durable-client.ts', import.meta.url))

function itemsOf(programs: readonly LineProcess[], event: string): unknown[] {
  const lines = programs.flatMap(({ json }) => json)
  return lines.filter((line) => line['event'] === event).map(({ item }) => item)
}

describe('a durable manager that is killed', function () {
  this.timeout(300_000)
  const folders: string[] = []
  const processes: LineProcess[] = []
  const token = encodeToken(createCredentials(), 'work')
  const managerHome = home()
  let homeBefore: string | undefined

  before(() => {
    homeBefore = process.env['P2PJOBS_HOME']
    process.env['P2PJOBS_HOME'] = home()
  })

  after(async () => {
    await Promise.all(processes.map((each) => each.stop()))
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  })

  function home(): string {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-durable-'))
    folders.push(folder)
    return folder
  }

  function start(program: string, words: readonly string[], at = home()): LineProcess {
    const env = { ...process.env, P2PJOBS_HOME: at, P2PJOBS_TOKEN: token }
    const started = new LineProcess(
      spawn(process.execPath, [program, ...words], { env, stdio: 'pipe' })
    )
    processes.push(started)
    return started
  }

  /** What it says once it is there, and where it is then. */
  async function addressOf(started: LineProcess, event: string): Promise<string> {
    const { addresses } = await started.jsonLine((line) => line['event'] === event, WAIT_MS)
    return (addresses as string[])[0]!
  }

  it(`${KILLS} times: what was put comes out once, and all go on by themselves`, async () => {
    let manager = start(MANAGER, [], managerHome)
    const address = await addressOf(manager, 'serves')
    const client = (mode: string, name: string) => start(CLIENT, [mode, address, name])
    const putters = [client('put', 'a'), client('put', 'b')]
    const takers = [client('get', 'c'), client('lease', 'd')]
    const clients = [...putters, ...takers]
    const addresses = await Promise.all(clients.map((each) => addressOf(each, 'ready')))
    for (let kill = 0; kill < KILLS; kill++) {
      const any = clients[Math.floor(Math.random() * clients.length)]!
      let left = 1 + Math.floor(Math.random() * LINES_MAX)
      await any.nextLine(() => --left === 0, WAIT_MS)
      manager.kill('SIGKILL')
      await manager.ended
      manager = start(MANAGER, addresses, managerHome)
    }
    const here = await addressOf(manager, 'serves')
    for (const { child } of putters) child.stdin.end()
    const endings = await Promise.all(putters.map((putter) => putter.ended))
    expect(endings.map(({ code }) => code)).to.deep.equal([0, 0])
    await using own = await Manager.connect('kept', {
      ...{ token, join: [here], mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
    })
    const queue = own.joinableQueue<string>('items')
    await queue.join()
    await own.delete(queue)
    const ended = await Promise.all(takers.map((taker) => taker.ended))
    expect(ended.map(({ code }) => code)).to.deep.equal([0, 0])
    const [put, taken] = [itemsOf(putters, 'put'), itemsOf(takers, 'got')]
    expect(put.length).to.be.above(KILLS)
    expect(new Set(taken).size, 'doubled').to.equal(taken.length)
    expect(taken.sort()).to.deep.equal(put.sort())
  })
})
