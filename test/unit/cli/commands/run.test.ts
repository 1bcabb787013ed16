import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCommand } from '../../../../src/cli/commands/run.ts'
import { dispatch } from '../../../../src/cli/dispatch.ts'
import { aContext } from '../support.ts'

describe('p2pjobs run', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-run-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** What it says before it exits with 255. */
  async function refusalOf(...words: string[]): Promise<string> {
    const context = { ...aContext(), env: { P2PJOBS_HOME: join(folder, 'home') } }
    const entry = { table: runCommand.table, load: () => Promise.resolve(runCommand) }
    expect(await dispatch(['run', ...words, 'true', ':::', '1'], [entry], context)).to.equal(255)
    expect(context.written.stdout).to.equal('')
    return context.written.stderr
  }

  it('runs nothing here when a network is named of which there is no token', async () => {
    for (const network of ['nope', 'default']) {
      const problem = await refusalOf('--network', network)
      expect(problem).to.match(/^p2pjobs: this home has no token of the network '/)
      expect(problem).to.include(`'${network}'`).and.include('(--token-file FILE or P2PJOBS_TOKEN)')
    }
    const file = join(folder, 'run.json')
    writeFileSync(file, '{"network": "nope"}')
    expect(await refusalOf('--config', file)).to.include("network 'nope'")
  })
})
