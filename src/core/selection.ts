/**
 * Which jobs, or which tasks of a job, somebody means: `5`, `1-3`, `1,3,5-8`, `all`, `last`.
 */

/** From a number to a number, both included. */
export type Range = readonly [from: number, to: number]

export type Selection =
  | { readonly type: 'all' }
  /** The job submitted last. */
  | { readonly type: 'last' }
  | { readonly type: 'ranges'; readonly ranges: readonly Range[] }

/** Sorted ranges that neither overlap nor touch, with the same numbers. */
export function joinRanges(ranges: readonly Range[]): Range[] {
  const joined: [from: number, to: number][] = []
  for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to)
    else joined.push([from, to])
  }
  return joined
}

export function isIn(ranges: readonly Range[], number: number): boolean {
  return ranges.some(([from, to]) => from <= number && number <= to)
}
