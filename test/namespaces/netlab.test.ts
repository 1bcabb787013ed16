/** The lab itself: that its faults are faults, and that nothing of it stays. */
import { expect } from 'chai'
import { execFileSync, spawn } from 'node:child_process'
import { LineProcess } from '../support/line-process.ts'
import { Netlab, skipWithoutNetlab } from '../support/netlab.ts'

const SERVER = `require('net').createServer((socket) => socket.end('hello'))
  .listen(4001, () => console.log('listening'))`
const CLIENT = `const socket = require('net').connect(4001, process.argv[1])
  socket.setTimeout(1000, () => socket.destroy())
  socket.on('data', () => console.log('reached')).on('error', () => undefined)`

/** All namespaces, interfaces and firewall tables of this machine, as text. */
function everything(): string {
  const commands = [
    ['ip', 'netns', 'list'],
    ['ip', '-br', 'link', 'show'],
    ['nft', 'list', 'tables', 'bridge']
  ]
  return commands
    .map(([tool = '', ...args]) => execFileSync(tool, args, { encoding: 'utf8' }))
    .join()
}

describe('netlab', function () {
  this.timeout(60_000)

  before(function () {
    skipWithoutNetlab(this)
  })

  async function serve(lab: Netlab, host: number): Promise<LineProcess> {
    const server = lab.spawn(host, process.execPath, ['-e', SERVER])
    await server.line(/listening/)
    return server
  }

  async function reaches(lab: Netlab, from: number, to: number): Promise<boolean> {
    const { stdout } = await lab.exec(from, process.execPath, '-e', CLIENT, lab.address(to))
    return stdout.includes('reached')
  }

  it('cuts, splits, firewalls and heals', async () => {
    await using lab = await Netlab.up(3)
    await Promise.all([1, 2].map((host) => serve(lab, host)))
    expect(await reaches(lab, 1, 2), 'whole').to.equal(true)

    await lab.cut(2)
    expect(await reaches(lab, 1, 2), 'cut').to.equal(false)
    await lab.heal(2)
    expect(await reaches(lab, 1, 2), 'healed').to.equal(true)

    await lab.split([1], [2, 3])
    expect(await reaches(lab, 1, 2), 'split').to.equal(false)
    expect(await reaches(lab, 3, 2), 'same side of the split').to.equal(true)
    await lab.unsplit()

    await lab.loss(2, 99)
    expect(await reaches(lab, 1, 2), 'nearly all lost').to.equal(false)
    await lab.heal(2)

    await lab.noInboundTcp(2)
    expect(await reaches(lab, 1, 2), 'into the firewall').to.equal(false)
    expect(await reaches(lab, 2, 1), 'out of the firewall').to.equal(true)
    await lab.firewall(2)
    expect(await reaches(lab, 1, 2), 'without the firewall').to.equal(true)
  })

  it('gives the pid and the end of the command itself', async () => {
    await using lab = await Netlab.up(1)
    const script = `process.on('SIGTERM', () => process.exit(7)); setInterval(() => undefined, 1000)
      console.log(JSON.stringify({ pid: process.pid }))`
    const child = lab.spawn(1, process.execPath, ['-e', script])
    const { pid } = await child.jsonLine((line) => 'pid' in line)
    expect(pid).to.equal(child.pid)
    expect(await child.stop()).to.deep.equal({ code: 7, signal: null })
  })

  it('leaves nothing, neither of itself nor of a run that was killed', async () => {
    const lab = await Netlab.up(2)
    const names = [lab.namespace(1), lab.namespace(2)]
    const server = await serve(lab, 1)
    await lab.cut(2)
    expect(everything()).to.include(names[0]).and.include(names[1])
    await lab.down()
    await lab.down()
    expect(await server.ended).to.deep.equal({ code: null, signal: 'SIGKILL' })
    for (const name of names) expect(everything()).not.to.include(name)

    const source = `import { Netlab } from ${JSON.stringify(new URL('../support/netlab.ts', import.meta.url).href)}
      const lab = await Netlab.up(1); console.log(lab.namespace(1)); setInterval(() => undefined, 1000)`
    const args = ['--input-type=module', '-e', source]
    const killed = new LineProcess(spawn(process.execPath, args, { stdio: 'pipe' }))
    const name = await killed.line(/^p/)
    await killed.stop('SIGKILL')
    expect(everything()).to.include(name)
    await using next = await Netlab.up(1)
    expect(everything()).to.include(next.namespace(1))
    expect(everything()).not.to.include(name)
  })
})
