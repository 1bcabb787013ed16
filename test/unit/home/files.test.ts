import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { createPrivateFile, readPrivateFile, writePrivateFile } from '../../../src/home/files.ts'
import { failureOf, useHome } from './support.ts'

describe('private files', () => {
  const { home } = useHome()

  it('are replaced whole, for this user only, and leave nothing beside them', () => {
    const path = join(home().config, 'file')
    writePrivateFile(path, 'one')
    writePrivateFile(path, 'two')
    expect(readPrivateFile(path)).to.equal('two')
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    expect(readdirSync(home().config)).to.deep.equal(['file'])
  })

  it('are made only once', () => {
    const path = join(home().config, 'file')
    expect(createPrivateFile(path, 'one')).to.equal(true)
    expect(createPrivateFile(path, 'two')).to.equal(false)
    expect(readPrivateFile(path)).to.equal('one')
    expect(readdirSync(home().config)).to.deep.equal(['file'])
  })

  it('may be missing, but not unreadable', () => {
    const path = join(home().config, 'folder')
    expect(readPrivateFile(path)).to.equal(undefined)
    mkdirSync(path)
    expect(failureOf(() => readPrivateFile(path))).to.match(
      /^BAD_HOME: cannot use .*folder.*EISDIR/
    )
  })

  it('that cannot be written leave nothing beside them', () => {
    const path = join(home().config, 'folder')
    mkdirSync(join(path, 'full'), { recursive: true })
    expect(failureOf(() => writePrivateFile(path, 'text'))).to.match(/^BAD_HOME/)
    expect(readdirSync(home().config)).to.deep.equal(['folder'])
  })
})
