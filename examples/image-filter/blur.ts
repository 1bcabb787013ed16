import { task } from 'p2pjobs'

/** A part of a grey image: whole rows, and how many of the first and last only help. */
export interface Strip {
  readonly width: number
  readonly pixels: Uint8Array
  readonly above: number
  readonly below: number
}

/** The mean of each pixel and its eight neighbours; the edge of the image is continued. */
export const blur = task(import.meta, function blur({ width, pixels, above, below }: Strip) {
  const rows = pixels.length / width
  const out = new Uint8Array((rows - above - below) * width)
  const at = (row: number, column: number): number =>
    pixels[clamp(row, rows) * width + clamp(column, width)]!
  for (let row = above; row < rows - below; row++) {
    for (let column = 0; column < width; column++) {
      let sum = 0
      for (let y = -1; y <= 1; y++) for (let x = -1; x <= 1; x++) sum += at(row + y, column + x)
      out[(row - above) * width + column] = Math.round(sum / 9)
    }
  }
  return out
})

function clamp(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size - 1)
}
