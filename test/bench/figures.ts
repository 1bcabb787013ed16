/**
 * Figures: every one is measured several times, and told by its median with the least and the most.
 */

export interface Figure {
  readonly bench: string
  readonly what: string
  readonly unit: string
  readonly values: readonly number[]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** One line of JSON for programs. */
export function jsonOf({ bench, what, unit, values }: Figure): string {
  const { least, middle, most } = spread(values)
  return JSON.stringify({
    ...{ bench, what, unit, median: round(middle), min: round(least), max: round(most) },
    values: values.map(round)
  })
}

/** A table for people. */
export function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, unit, values }) => {
    const { least, middle, most } = spread(values)
    return [what, shown(middle), unit, `${shown(least)} to ${shown(most)}`, `n=${values.length}`]
  })
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(0, ...rows.map((row) => (row[column] ?? '').length))
  )
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 1 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

function spread(values: readonly number[]): { least: number; middle: number; most: number } {
  return { least: Math.min(...values), middle: median(values), most: Math.max(...values) }
}

function round(value: number): number {
  return Number(value.toPrecision(4))
}

function shown(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 })
}
