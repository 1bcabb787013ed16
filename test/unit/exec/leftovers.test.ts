import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { removeRemains } from '../../../src/exec/leftovers.ts'

describe('remains of a node', () => {
  let root: string
  let remains: string
  let own: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'p2pjobs-remains-'))
    remains = join(root, 'remains')
    own = join(remains, 'spool', 'own')
    mkdirSync(join(remains, 'blobs'), { recursive: true })
    mkdirSync(join(remains, 'spool'))
    writeFileSync(join(remains, 'spool', 'output'), '')
  })
  afterEach(() => rmSync(root, { recursive: true }))

  it('are removed by the last of its helpers, not while another has its folder', () => {
    const other = join(remains, 'spool', 'other')
    mkdirSync(other)
    removeRemains(remains, own)
    expect(existsSync(other)).to.equal(true)
    rmSync(other, { recursive: true })
    removeRemains(remains, other)
    expect(existsSync(remains)).to.equal(false)
    removeRemains(remains, own)
  })

  it('are left alone by helpers that were not told of any', () => {
    removeRemains(undefined, own)
    expect(existsSync(remains)).to.equal(true)
  })
})
