/**
 * Figures: every one is measured several times, and told by its median with the least and the most.
 */

/** What a figure is of; of a row of them, `at` says which one it is: so many of something. */
export interface Subject {
  readonly bench: string
  readonly what: string
  readonly unit: string
  readonly at?: { readonly value: number; readonly unit: string }
  /** For programs only: the table does not show it. */
  readonly isDetail?: true
}

export interface Figure extends Subject {
  readonly values: readonly number[]
}

/** Gathers what is measured round by round. */
export class Figures {
  readonly #figures = new Map<string, Subject & { readonly values: number[] }>()

  add(subject: Subject, value: number): void {
    const key = `${subject.bench}\n${nameOf(subject)}\n${subject.unit}`
    const figure = this.#figures.get(key) ?? { ...subject, values: [] }
    figure.values.push(value)
    this.#figures.set(key, figure)
  }

  /** In the order in which they were measured first. */
  get all(): Figure[] {
    return [...this.#figures.values()]
  }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which this part of them lies; between two of them where it falls between. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = part * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** One line of JSON for programs. */
export function jsonOf({ values, ...subject }: Figure): string {
  const { least, middle, most } = spread(values)
  return JSON.stringify({
    ...{ ...subject, median: round(middle), min: round(least), max: round(most) },
    values: values.map(round)
  })
}

/** The figures among lines of anything. */
export function figuresIn(text: string): Figure[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Figure)
    .map(({ bench, what, unit, at, values }) => ({ bench, what, unit, ...(at && { at }), values }))
}

/** A table for people. */
export function tableOf(figures: readonly Figure[]): string {
  const shownOnes = figures.filter(({ isDetail }) => isDetail !== true)
  const rows = shownOnes.map((figure) => {
    const { least, middle, most } = spread(figure.values)
    return [
      ...[nameOf(figure), shown(middle), figure.unit],
      ...[`${shown(least)} to ${shown(most)}`, `n=${figure.values.length}`]
    ]
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

function nameOf({ what, at }: Subject): string {
  return at === undefined ? what : `${what}, ${at.unit}: ${at.value.toLocaleString('en')}`
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
