import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { openHome, resolveHome } from '../../../src/home/home.ts'
import { failureOf, useHome } from './support.ts'

describe('resolveHome', () => {
  it('puts everything into P2PJOBS_HOME', () => {
    const both = { config: '/srv/p2pjobs', data: '/srv/p2pjobs' }
    expect(resolveHome({ P2PJOBS_HOME: '/srv/p2pjobs', HOME: '/home/ada' }, 'linux')).to.deep.equal(
      both
    )
    expect(resolveHome({ P2PJOBS_HOME: 'here' }, 'darwin').config).to.equal(resolve('here'))
  })

  it('follows the XDG base directories, which have to be absolute', () => {
    const environment = { HOME: '/home/ada', XDG_CONFIG_HOME: '/etc/ada', XDG_STATE_HOME: 'state' }
    expect(resolveHome(environment, 'linux')).to.deep.equal({
      config: '/etc/ada/p2pjobs',
      data: '/home/ada/.local/state/p2pjobs'
    })
  })

  it('falls back to the home folder of the user, which it can find without HOME', () => {
    expect(resolveHome({ P2PJOBS_HOME: '' }, 'linux').config).to.equal(
      join(homedir(), '.config', 'p2pjobs')
    )
  })

  it('uses Application Support on macOS', () => {
    const folder = '/Users/ada/Library/Application Support/p2pjobs'
    expect(resolveHome({ HOME: '/Users/ada' }, 'darwin')).to.deep.equal({
      config: folder,
      data: folder
    })
  })
})

describe('openHome', () => {
  const { home } = useHome()

  it('makes folders for this user only', () => {
    const { config, data } = home()
    expect(statSync(config).mode & 0o777).to.equal(0o700)
    expect(statSync(data).mode & 0o777).to.equal(0o700)
  })

  it('leaves the mode of a folder that is there, and accepts it', () => {
    const folder = join(home().config, 'shared')
    mkdirSync(folder)
    chmodSync(folder, 0o775)
    openHome({ config: folder, data: folder })
    expect(statSync(folder).mode & 0o777).to.equal(0o775)
  })

  it('refuses a folder that everybody can write to', () => {
    const folder = join(home().config, 'open')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    expect(failureOf(() => openHome({ config: folder, data: folder }))).to.match(
      /^BAD_HOME: every user .*open; .*chmod o-w/
    )
  })

  it('names the folder that cannot be made, and the cure', () => {
    const file = join(home().config, 'file')
    writeFileSync(file, '')
    expect(failureOf(() => openHome({ config: file, data: file }))).to.match(
      /^BAD_HOME: cannot use .*file: .*P2PJOBS_HOME/
    )
    expect(failureOf(() => openHome({ config: join(file, 'a'), data: file }))).to.match(/ENOTDIR/)
  })

  it('refuses a folder in which nothing can be written', function () {
    // Root may write anywhere but where the system itself lets nobody.
    const folder = process.getuid?.() === 0 ? '/proc/self' : join(home().config, 'fixed')
    if (folder !== '/proc/self') mkdirSync(folder, { mode: 0o500 })
    expect(failureOf(() => openHome({ config: folder, data: folder }))).to.match(
      /^BAD_HOME: cannot use/
    )
  })
})
