import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const MODULE = fileURLToPath(new URL('../../../src/cli/heap-options.ts', import.meta.url))

/** What V8 says to an option that it does not know is all there is to be seen of one. */
function saidBy(version: string): string {
  const program = `import(${JSON.stringify(MODULE)}).then((m) => m.setHeapOptions(${version}))`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', program], {
    encoding: 'utf8'
  })
  expect(status).to.equal(0)
  return stdout + stderr
}

describe('options of V8', function () {
  this.timeout(20_000)

  it('are known to this one', () => {
    expect(saidBy('process.versions.v8')).to.equal('')
  })

  it('are set for no other', () => {
    expect(saidBy('"99.9.1"')).to.equal('')
  })
})
