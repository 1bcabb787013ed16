/** Output of a task, wherever it is. */
import { readFileSync, rmSync } from 'node:fs'
import { isInline, isSpoolFile } from '../../src/exec/executor.ts'
import type { Output } from '../../src/exec/executor.ts'

export function contentOf(output: Output): Uint8Array {
  if (isInline(output)) return output
  return isSpoolFile(output) ? readFileSync(output.path) : output.held
}

/** The same, once: then it is gone. */
export function takeOutput(output: Output): Buffer {
  const bytes = Buffer.from(contentOf(output))
  if (isSpoolFile(output)) rmSync(output.path)
  else if (!isInline(output)) output.letGo()
  return bytes
}
