/**
 * The home of every `Process` of this program. They share one node for as long as the program lives,
 * so what its home is cannot be up to whichever suite is the first to start one.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let home: string | undefined

/** Makes it the home of the suite in which this is called. */
export function useProcessHome(): void {
  let homeBefore: string | undefined

  before(() => {
    homeBefore = process.env['P2PJOBS_HOME']
    process.env['P2PJOBS_HOME'] = home ??= make()
  })

  after(() => {
    if (homeBefore === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = homeBefore
  })
}

function make(): string {
  const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-process-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
