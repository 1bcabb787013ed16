import { hostname } from 'node:os'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { HomeFolders } from '../../../src/home/home.ts'
import { acquireNodeLock, readLiveNode } from '../../../src/home/lock.ts'
import type { NodeLock } from '../../../src/home/lock.ts'
import { processStart } from '../../../src/home/process-start.ts'
import { failureOf, useHome } from './support.ts'

const reachable = {
  network: 'default',
  peer: '12D3KooW',
  addresses: ['/ip4/127.0.0.1/tcp/4001'],
  control: '/home/control.sock'
}

/** Takes the lock, says who got it, and holds it until it is told to leave. */
const HOLDER = `
  const { acquireNodeLock } = await import(src + 'home/lock.ts')
  console.log('ready')
  process.stdin.once('data', () => {
    const lock = acquireNodeLock(home, 'other')
    console.log('holder' in lock ? 'refused' : 'acquired')
    if (!('holder' in lock)) lock.update({ network: 'default', peer: 'theirs', addresses: [] })
    console.log('done')
    process.stdin.once('data', () => process.exit())
  })`

describe('node lock', function () {
  this.timeout(60_000)
  const { home, startHelper } = useHome()
  const locks: NodeLock[] = []
  afterEach(() => locks.splice(0).forEach((lock) => lock.release()))

  function acquired(folders: HomeFolders): NodeLock {
    const lock = acquireNodeLock(folders, 'desk')
    if ('holder' in lock) return expect.fail('the lock is held')
    locks.push(lock)
    return lock
  }

  it('tells who holds it, and how to reach that node once it listens', () => {
    const lock = acquired(home())
    const holder = {
      pid: process.pid,
      startedAt: processStart(process.pid),
      host: hostname(),
      name: 'desk',
      network: undefined,
      peer: undefined,
      addresses: [],
      control: undefined
    }
    expect(acquireNodeLock(home(), 'second')).to.deep.equal({ holder })
    expect(readLiveNode(home())).to.deep.equal(holder)
    lock.update(reachable)
    expect(readLiveNode(home())).to.deep.equal({ ...holder, ...reachable })
    expect(acquireNodeLock(home(), 'second')).to.deep.equal({ holder: { ...holder, ...reachable } })
  })

  it('is free again after its release, which may come twice', () => {
    const first = acquired(home())
    first.release()
    expect(readLiveNode(home())).to.equal(undefined)
    const second = acquired(home())
    first.release()
    first.update(reachable)
    expect(readLiveNode(home())).to.have.property('peer', undefined)
    second.update(reachable)
    expect(readLiveNode(home())).to.have.property('peer', '12D3KooW')
  })

  it('is held by another process until that one is killed', async () => {
    const other = startHelper(HOLDER)
    await other.nextLine()
    other.child.stdin?.write('go')
    expect(await other.nextLine()).to.equal('acquired')
    await other.nextLine()
    expect(acquireNodeLock(home(), 'desk')).to.have.nested.property('holder.peer', 'theirs')
    expect(readLiveNode(home())).to.have.property('pid', other.child.pid)

    await other.kill()
    expect(readLiveNode(home())).to.equal(undefined)
    acquired(home())
    expect(readLiveNode(home())).to.have.property('pid', process.pid)
  })

  it('goes to exactly one of many that find a dead holder at once', async () => {
    const dead = startHelper(HOLDER)
    await dead.nextLine()
    dead.child.stdin?.write('go')
    await dead.nextLine()
    await dead.kill()

    const helpers = Array.from({ length: 6 }, () => startHelper(HOLDER))
    await Promise.all(helpers.map((helper) => helper.nextLine()))
    for (const { child } of helpers) child.stdin?.write('go')
    const outcomes = await Promise.all(helpers.map((helper) => helper.nextLine()))
    expect(outcomes.filter((outcome) => outcome === 'acquired')).to.have.lengthOf(1)
  })

  it('that is damaged is named, with the cure, and left as it is', () => {
    const path = join(home().data, 'node.lock')
    const garbage = 'garbage'.repeat(1_000)
    writeFileSync(path, garbage)
    expect(failureOf(() => acquireNodeLock(home(), 'desk'))).to.equal(
      `BAD_HOME: the lock ${path} is damaged: end all nodes of this home, then delete that file`
    )
    expect(readFileSync(path, 'utf8')).to.equal(garbage)
    rmSync(path)
    acquired(home())
  })

  it('has a note that is believed only while its process lives', () => {
    acquired(home()).update(reachable)
    const path = join(home().data, 'node.json')
    const note = JSON.parse(readFileSync(path, 'utf8')) as object
    const untrue = [
      { ...note, startedAt: 1 },
      { ...note, host: 'elsewhere.example' },
      { ...note, addresses: [1] },
      { ...note, pid: 'x' },
      null
    ]
    for (const each of untrue) {
      writeFileSync(path, JSON.stringify(each))
      expect(readLiveNode(home())).to.equal(undefined)
    }
    writeFileSync(path, '{"pid":')
    expect(readLiveNode(home())).to.equal(undefined)
    expect(acquireNodeLock(home(), 'second')).to.deep.equal({ holder: undefined })
  })

  it('names a holder on another machine that shares the disk', () => {
    acquired(home())
    const path = join(home().data, 'node.json')
    const note = JSON.parse(readFileSync(path, 'utf8')) as object
    writeFileSync(path, JSON.stringify({ ...note, pid: 1, host: 'elsewhere.example' }))
    expect(acquireNodeLock(home(), 'second')).to.have.nested.property(
      'holder.host',
      'elsewhere.example'
    )
  })
})
