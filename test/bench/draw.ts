/**
 * Draws what `npm run bench -- growth --out FILE` has measured:
 *
 *     npm run bench:draw -- FILE.. FOLDER
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { figuresIn } from './figures.ts'
import { picturesOf } from './pictures.ts'

const files = process.argv.slice(2)
const folder = files.pop()
if (folder === undefined || files.length === 0) {
  process.stderr.write('draw: FILE.. FOLDER\n')
  process.exitCode = 2
} else {
  const figures = files.flatMap((file) => figuresIn(readFileSync(file, 'utf8')))
  mkdirSync(folder, { recursive: true })
  for (const [name, svg] of picturesOf(figures)) {
    writeFileSync(join(folder, name), svg)
    process.stdout.write(`${join(folder, name)}\n`)
  }
}
