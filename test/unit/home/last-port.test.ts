import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { readLastPort, saveLastPort } from '../../../src/home/last-port.ts'
import { useHome } from './support.ts'

describe('last port', () => {
  const { home } = useHome()

  it('is remembered, and written only when it changes', () => {
    expect(readLastPort(home())).to.equal(undefined)
    saveLastPort(home(), 4001)
    const before = statSync(join(home().data, 'last-port')).ino
    saveLastPort(home(), 4001)
    expect(statSync(join(home().data, 'last-port')).ino).to.equal(before)
    saveLastPort(home(), 65_535)
    expect(readLastPort(home())).to.equal(65_535)
  })

  it('is forgotten when it can be none', () => {
    for (const text of ['', '0', '-1', '65536', '1.5', 'x']) {
      writeFileSync(join(home().data, 'last-port'), text)
      expect(readLastPort(home())).to.equal(undefined)
    }
  })
})
