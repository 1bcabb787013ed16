import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createIdentity, loadIdentity } from '../../../src/home/identity.ts'
import { failureOf, useHome } from './support.ts'

describe('identity', () => {
  const { home, startHelper } = useHome()
  const path = (): string => join(home().config, 'identity')

  it('is made once and then kept, for this user only', () => {
    const seed = loadIdentity(home())
    expect(seed).to.have.lengthOf(32)
    expect(loadIdentity(home())).to.deep.equal(seed)
    expect(statSync(path()).mode & 0o777).to.equal(0o600)
  })

  it('is another one in another home, and for each second node', () => {
    const seed = loadIdentity(home())
    rmSync(path())
    expect(loadIdentity(home())).not.to.deep.equal(seed)
    expect(createIdentity()).not.to.deep.equal(createIdentity())
  })

  it('that is damaged is refused, named and left as it is', () => {
    const whole = (loadIdentity(home()), readFileSync(path(), 'utf8'))
    for (const damaged of ['', 'x', whole.slice(0, -2), whole.replace('1', '2'), `${whole}x`]) {
      writeFileSync(path(), damaged)
      expect(failureOf(() => loadIdentity(home()))).to.match(
        /^BAD_IDENTITY: the identity file .*identity is damaged; restore it, or delete it/
      )
      expect(readFileSync(path(), 'utf8')).to.equal(damaged)
    }
  })

  it('that cannot be read is refused with the reason', () => {
    mkdirSync(path())
    expect(failureOf(() => loadIdentity(home()))).to.match(
      /^BAD_IDENTITY: .*cannot be read.*EISDIR/
    )
  })

  it('is the same for processes that start for the first time at once', async function () {
    this.timeout(60_000)
    const code = `
      const { loadIdentity } = await import(src + 'home/identity.ts')
      process.stdin.once('data', () => {
        console.log(Buffer.from(loadIdentity(home)).toString('hex'))
        process.exit()
      })
      console.log('ready')`
    const helpers = Array.from({ length: 4 }, () => startHelper(code))
    await Promise.all(helpers.map((helper) => helper.nextLine()))
    for (const { child } of helpers) child.stdin?.write('go')
    const seeds = await Promise.all(helpers.map((helper) => helper.nextLine()))
    expect(new Set(seeds)).to.have.lengthOf(1)
  })
})
