import { expect } from 'chai'
import { bundlesOf } from '../../../src/core/spec.ts'
import type { FunctionSpec } from '../../../src/core/spec.ts'
import type { BlobId } from '../../../src/core/types.ts'
import { SPEC } from '../../support/machines.ts'

const bundle = (name: string): FunctionSpec['function'] => ({
  bundle: { blob: name as BlobId, bytes: 1 },
  exportName: 'run'
})

describe('specs', () => {
  it('name the bundles that have to be at hand', () => {
    const spec: FunctionSpec = {
      ...{ kind: 'function', function: bundle('a'), initializer: undefined, isAlone: false },
      ...{ timeoutMs: undefined, outputBytesMax: 1, slotsMax: undefined },
      ...{ tasksPerChildMax: undefined, memoryBytesMax: undefined }
    }
    const initializer = { ...bundle('b'), input: new Uint8Array(0) }
    expect(bundlesOf(SPEC)).to.deep.equal([])
    expect(bundlesOf(spec).map(({ blob }) => blob)).to.deep.equal(['a'])
    expect(bundlesOf({ ...spec, initializer }).map(({ blob }) => blob)).to.deep.equal(['a', 'b'])
  })
})
