import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect } from 'chai'
import { processStart } from '../../../src/home/process-start.ts'
import { useHome } from './support.ts'

describe('processStart', () => {
  const { startHelper } = useHome()

  it('is the same for the same process, and undefined once it has ended', async function () {
    this.timeout(60_000)
    const helper = startHelper(`process.title = ') 1 (x'; console.log(); process.stdin.resume()`)
    await helper.nextLine()
    const { pid } = helper.child
    if (pid === undefined) return expect.fail('no process')
    const start = processStart(pid)
    expect(start).to.be.a('number').and.not.to.be.NaN
    expect(processStart(pid)).to.equal(start)
    if (process.platform === 'linux') expect(start).to.be.above(processStart(1) ?? 0)
    await helper.kill()
    expect(processStart(pid)).to.equal(undefined)
  })

  if (process.platform === 'linux') {
    it('is undefined for a zombie, which only waits to be noticed', async function () {
      this.timeout(60_000)
      const script = `
        true & child=$!
        until [ "$state" = Z ]; do read -r pid name state rest < /proc/$child/stat; done
        echo $child
        exec sleep 600`
      const parent = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exited = once(parent, 'exit')
      try {
        const [pid] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
        expect(processStart(Number(pid))).to.equal(undefined)
      } finally {
        parent.kill('SIGKILL')
        await exited
      }
    })
  }

  it('is undefined for what is no process id', () => {
    expect(processStart(2 ** 31 - 1)).to.equal(undefined)
  })
})
