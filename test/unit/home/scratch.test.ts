import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { processStart } from '../../../src/home/process-start.ts'
import { createScratch } from '../../../src/home/scratch.ts'
import { useHome } from './support.ts'

describe('scratch', () => {
  const { home, startHelper } = useHome()
  const unwarned = (line: string): never => expect.fail(`warned: ${line}`)

  it('is a folder of its own for this user, and goes with all that is in it', () => {
    const [one, other] = [createScratch(home(), unwarned), createScratch(home(), unwarned)]
    expect(one.folder).not.to.equal(other.folder)
    expect(statSync(one.folder).mode & 0o777).to.equal(0o700)
    mkdirSync(join(one.folder, 'deep', 'deeper'), { recursive: true })
    writeFileSync(join(one.folder, 'deep', 'deeper', 'file'), 'text')
    one.remove()
    expect(existsSync(one.folder)).to.equal(false)
    expect(existsSync(other.folder)).to.equal(true)
    one.remove()
  })

  it('of a process that was killed is removed by the next, that of a living one is not', async function () {
    this.timeout(60_000)
    const code = `
      const { createScratch } = await import(src + 'home/scratch.ts')
      console.log(createScratch(home, console.error).folder)
      process.stdin.resume()`
    const helper = startHelper(code)
    const folder = await helper.nextLine()
    createScratch(home(), unwarned)
    expect(existsSync(folder)).to.equal(true)
    await helper.kill()
    createScratch(home(), unwarned)
    expect(existsSync(folder)).to.equal(false)
  })

  it('of an earlier process with the id of a living one is removed, what is no scratch is not', () => {
    const parent = dirname(createScratch(home(), unwarned).folder)
    const start = processStart(process.pid) ?? 0
    const names = [
      `${process.pid}-${start + 1}-00000000`,
      `${process.pid}-${start}-00000000`,
      'notes'
    ]
    names.forEach((name) => mkdirSync(join(parent, name)))
    createScratch(home(), unwarned)
    const left = readdirSync(parent)
    expect(left).not.to.include(names[0])
    expect(left).to.include.members(names.slice(1))
  })

  it('goes although a task left folders without permissions', async function () {
    this.timeout(60_000)
    // Root needs no permissions, so it becomes somebody else.
    const code = `
      const { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } = await import('node:fs')
      const { dirname } = await import('node:path')
      const { createScratch } = await import(src + 'home/scratch.ts')
      if (process.getuid() === 0) {
        for (const folder of [dirname(home.data), home.data]) chownSync(folder, 65534, 65534)
        process.setuid(65534)
      }
      const { folder, remove } = createScratch(home, console.log)
      mkdirSync(folder + '/cache/inner', { recursive: true })
      writeFileSync(folder + '/cache/inner/file', '')
      chmodSync(folder + '/cache/inner', 0o500)
      chmodSync(folder + '/cache', 0)
      remove()
      console.log(existsSync(folder) ? 'there' : 'gone')
      process.stdin.resume()`
    expect(await startHelper(code).nextLine()).to.equal('gone')
  })
})
