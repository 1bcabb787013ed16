/**
 * A process that keeps results, one after the other and with a blob each, and says which are on
 * disk, until it is killed.
 *
 *     node spool-writer.ts FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Spool } from '../../src/spool/spool.ts'
import { blobOf } from './blobs.ts'
import { aResult, ref } from './machines.ts'
import { whoseOf } from './spool.ts'

const [folder = ''] = process.argv.slice(2)
const outputs = join(folder, 'outputs')
mkdirSync(outputs)
const spool = await Spool.open({ folder, onProblem: (text) => console.error(text) })

for (let task = 1; ; task++) {
  const bytes = Buffer.alloc(10_000, `output ${task} `)
  const path = join(outputs, String(task))
  writeFileSync(path, bytes)
  const stdout = { blob: blobOf(bytes), bytes: bytes.length }
  spool.keep(whoseOf('m'), [{ ...ref(task), result: { ...aResult(), stdout } }], () => path)
  // Every other one is not waited for, so that several are on their way together.
  if (task % 2 === 0) {
    await spool.idle()
    process.stdout.write(`${task}\n`)
  }
}
