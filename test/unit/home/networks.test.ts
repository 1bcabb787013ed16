import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readToken, writeToken } from '../../../src/home/networks.ts'
import { failureOf, useHome } from './support.ts'

describe('networks', () => {
  const { home } = useHome()
  const unwarned = (line: string): never => expect.fail(`warned: ${line}`)

  it('keep a token each', () => {
    expect(readToken(home(), 'default', unwarned)).to.equal(undefined)
    writeToken(home(), 'default', 'one')
    writeToken(home(), 'lab-2_b', 'two')
    writeToken(home(), 'default', 'three')
    expect(readToken(home(), 'default', unwarned)).to.equal('three')
    expect(readToken(home(), 'lab-2_b', unwarned)).to.equal('two')
  })

  it('have files for this user only, and make them so again', () => {
    writeToken(home(), 'default', 'one')
    const path = join(home().config, 'networks', 'default.token')
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect(statSync(join(path, '..')).mode & 0o777).to.equal(0o700)

    chmodSync(path, 0o640)
    const warnings: string[] = []
    expect(readToken(home(), 'default', (line) => warnings.push(line))).to.equal('one')
    expect(warnings.join()).to.match(/default\.token could be read by other users/)
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    readToken(home(), 'default', unwarned)
  })

  it('have names that are safe as names of files', () => {
    const names = ['', '.', '../x', 'a/b', 'Lab', 'a b', '-a', 'ä', 'a\n', 'x'.repeat(65)]
    for (const name of names) {
      expect(failureOf(() => readToken(home(), name, unwarned))).to.match(
        /^USAGE: the network ".*small letters/
      )
      expect(failureOf(() => writeToken(home(), name, 'one'))).to.match(/^USAGE/)
    }
    writeToken(home(), 'x'.repeat(64), 'one')
  })
})
