/**
 * Blurs an image, strip by strip: typed arrays go out and come back as they are.
 *
 *     node examples/image-filter/main.ts in.pgm out.pgm
 *
 * Images are in the binary PGM format (`P5`), grey, 8 bits.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { Pool } from 'p2pjobs'
import { blur } from './blur.ts'
import type { Strip } from './blur.ts'

const ROWS = 64
const [input = 'in.pgm', output = 'out.pgm'] = process.argv.slice(2)

const bytes = await readFile(input)
const [header = '', width = '', height = ''] =
  /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.toString('latin1', 0, 64)) ?? []
if (header === '') throw new Error(`${input} is no grey 8-bit PGM image`)
const pixels = bytes.subarray(header.length)

function* strips(): Generator<Strip> {
  const [columns, rows] = [Number(width), Number(height)]
  for (let from = 0; from < rows; from += ROWS) {
    const to = Math.min(rows, from + ROWS)
    const [above, below] = [from > 0 ? 1 : 0, to < rows ? 1 : 0]
    const part = pixels.subarray((from - above) * columns, (to + below) * columns)
    yield { width: columns, pixels: part, above, below }
  }
}

await using pool = await Pool.open()
await writeFile(output, [header, ...(await pool.map(blur, strips(), 1))])
console.log(`blurred ${width} x ${height} pixels`)
