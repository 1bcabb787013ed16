import { expect } from 'chai'
import type { FunctionSpec } from '../../../../src/core/spec.ts'
import { causeOf, crash } from '../../../../src/exec/functions/death.ts'

const UNLIMITED = { memoryBytesMax: undefined } as FunctionSpec
const LIMITED = { memoryBytesMax: 1_000 } as FunctionSpec

describe('death of a child', () => {
  it('is told by its exit code or signal', () => {
    const quiet = { lastWords: '', isOverMemory: false }
    expect(crash({ ...quiet, exitCode: 3 }, undefined, false, UNLIMITED)).to.deep.equal({
      outcome: 'crash',
      reason: 'its process ended with exit status 3',
      exitCode: 3,
      signal: undefined
    })
    expect(crash({ ...quiet, signal: 'SIGSEGV' }, undefined, false, UNLIMITED)).to.include({
      reason: 'its process was killed by SIGSEGV',
      signal: 'SIGSEGV'
    })
  })

  it('by a signal is recognized behind a sandbox', () => {
    const death = { exitCode: 134, lastWords: '', isOverMemory: false }
    const seen = { exitCode: undefined, signal: 'SIGABRT' }
    expect(crash(death, undefined, true, UNLIMITED)).to.include(seen)
    expect(crash(death, undefined, false, UNLIMITED)).to.include({ exitCode: 134 })
    const odd = { ...death, exitCode: 128 + 40 }
    expect(crash(odd, undefined, true, UNLIMITED)).to.include({ signal: 'SIG40' })
    expect(crash({ ...death, exitCode: 255 }, undefined, true, UNLIMITED)).to.include({
      exitCode: 255
    })
  })

  it('is what the child itself said, if it did', () => {
    const death = { exitCode: 0, lastWords: 'Error: x', isOverMemory: false }
    const leaving = { seq: 1, exitCode: 9, reason: 'process.exit(9) was called' }
    expect(crash(death, leaving, true, LIMITED)).to.deep.equal({
      outcome: 'crash',
      reason: leaving.reason,
      exitCode: 9,
      signal: undefined
    })
  })

  it('by memory is told as such where there is a limit', () => {
    const full = 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'
    const death = { signal: 'SIGABRT', lastWords: `${full}\n 1: stack`, isOverMemory: false }
    expect(causeOf(death, false, 1_000)).to.equal('used more than its 1000 bytes of memory')
    expect(causeOf(death, false, undefined)).to.equal(`its process was killed by SIGABRT: ${full}`)
    const watched = { signal: 'SIGKILL', lastWords: '', isOverMemory: true }
    expect(causeOf(watched, false, 1_000)).to.equal('used more than its 1000 bytes of memory')
  })

  it('shows the line that says why, in one line and not without end', () => {
    const words = `(node:1) Warning: error handling\nTypeError: a\t b\n    at error (x.mjs:1)\n`
    const death = { exitCode: 1, lastWords: words, isOverMemory: false }
    expect(causeOf(death, false, undefined)).to.equal(
      'its process ended with exit status 1: TypeError: a b'
    )
    const other = { ...death, lastWords: 'bwrap: no such file\n\n' }
    expect(causeOf(other, true, undefined)).to.contain('1: bwrap: no such file')
    const long = { ...death, lastWords: `Error: ${'x'.repeat(10_000)}` }
    expect(causeOf(long, false, undefined)).to.have.length(400)
  })
})
