import { task } from 'p2pjobs'

/** How many ways there are to place the other queens once those of the first rows stand. */
export const placements = task(import.meta, function placements(size: number, first: number[]) {
  let [columns, rising, falling] = [0, 0, 0]
  for (const column of first) {
    columns |= 1 << column
    rising = (rising | (1 << column)) << 1
    falling = (falling | (1 << column)) >> 1
  }
  return count(size, first.length, columns, rising, falling)
})

/** One bit for each column that is attacked: straight, and along both diagonals. */
function count(
  size: number,
  row: number,
  columns: number,
  rising: number,
  falling: number
): number {
  if (row === size) return 1
  let found = 0
  let free = ~(columns | rising | falling) & ((1 << size) - 1)
  while (free !== 0) {
    const bit = free & -free
    free ^= bit
    found += count(size, row + 1, columns | bit, (rising | bit) << 1, (falling | bit) >> 1)
  }
  return found
}
