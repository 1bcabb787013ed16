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

  it('is undefined for what is no process id', () => {
    expect(processStart(2 ** 31 - 1)).to.equal(undefined)
  })
})
