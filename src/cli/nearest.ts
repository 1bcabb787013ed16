/**
 * "Did you mean": the name that was probably meant by a mistyped one.
 */

/**
 * The nearest of `names`: one that `typed` begins (at least three characters of it), or one that
 * a few wrong, missing, added or swapped characters away; undefined if none is near.
 */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  const begun = names.find((name) => typed.length >= 3 && name.startsWith(typed))
  if (begun !== undefined) return begun
  const distanceMax = Math.ceil(typed.length / 4)
  return names
    .map((name) => ({ name, distance: distance(typed, name) }))
    .filter((each) => each.distance <= distanceMax)
    .sort((one, other) => one.distance - other.distance)[0]?.name
}

/** How many characters to replace, insert, remove or swap with their neighbor. */
function distance(one: string, other: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1]
      const swapped =
        row > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      current[column] = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (same ? 0 : 1),
        swapped ? at(beforeLast, column - 2) + 1 : Infinity
      )
    }
    beforeLast = last
    last = current
  }
  return at(last, other.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Infinity
}
