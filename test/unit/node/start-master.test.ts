import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import { openStores } from '../../../src/node/start-master.ts'

describe('openStores', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-stores-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('names a file that lies where a folder is to be, and the cure', async () => {
    const places = { journal: join(folder, 'data', 'journal.sqlite'), blobs: join(folder, 'blobs') }
    for (const path of [join(folder, 'blobs'), join(folder, 'data')]) {
      writeFileSync(path, '')
      const error = operatingErrorOf(await openStores(places, folder).catch((e: unknown) => e))
      expect(error).to.include({ code: 'BAD_HOME' })
      expect(error?.message).to.include(`cannot use ${path}: `).and.include('P2PJOBS_HOME')
      rmSync(path)
      mkdirSync(path)
    }
  })
})
