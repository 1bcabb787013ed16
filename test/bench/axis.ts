/**
 * The axes of a picture: where a value lies between 0 and 1, and which values are written at it.
 */
export interface AxisInit {
  readonly label: string
  readonly isLog: boolean
  /** How a value is written at it. */
  readonly shown?: (value: number) => string
}

export interface Axis {
  readonly label: string
  readonly ticks: readonly Tick[]
  /** Where a value lies: 0 at the beginning, 1 at the end. */
  place(value: number): number
}

export interface Tick {
  readonly place: number
  readonly text: string
}

const TICKS = 5
/** Ticks that are closer than this would be written over one another. */
const APART = 0.07

/** An axis whose ticks are the values themselves, as far as there is room. */
export function axisOfValues(init: AxisInit, values: readonly number[]): Axis {
  const sorted = [...new Set(values)].sort((a, b) => a - b)
  const [least, most] = [sorted[0] ?? 1, sorted.at(-1) ?? 1]
  const whole = axis(init, init.isLog ? least : Math.min(0, least), most, sorted)
  let last = Infinity
  const ticks = whole.ticks.toReversed().filter(({ place }) => {
    if (last - place < APART) return false
    last = place
    return true
  })
  return { ...whole, ticks: ticks.reverse() }
}

/** An axis with round values: from 0, or between powers of ten. */
export function axisOfRoundValues(init: AxisInit, values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)]
  if (!init.isLog) {
    const step = roundStep(Math.max(most, Number.MIN_VALUE) / TICKS)
    const steps = Math.ceil(most / step)
    return axis(
      init,
      0,
      step * steps,
      Array.from({ length: steps + 1 }, (_, at) => at * step)
    )
  }
  const first = Math.floor(Math.log10(least))
  const last = Math.max(first + 1, Math.ceil(Math.log10(most)))
  const powers = Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at))
  return axis(init, 10 ** first, 10 ** last, powers)
}

function axis(
  { label, isLog, shown = short }: AxisInit,
  from: number,
  to: number,
  ticks: readonly number[]
): Axis {
  const scaled = (value: number): number => (isLog ? Math.log10(value) : value)
  const width = scaled(to) - scaled(from)
  const place = (value: number): number =>
    width === 0 ? 0.5 : (scaled(value) - scaled(from)) / width
  return {
    label,
    place,
    ticks: ticks.map((value) => ({ place: place(value), text: shown(value) }))
  }
}

/** 1, 2 or 5 times a power of ten, at least this. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return ([1, 2, 5].find((times) => times * power >= least) ?? 10) * power
}

/** As `20k` or `1M`. */
export function short(value: number): string {
  const digits = (scaled: number): string => String(Number(scaled.toPrecision(3)))
  if (Math.abs(value) >= 1e6) return `${digits(value / 1e6)}M`
  return Math.abs(value) >= 1e3 ? `${digits(value / 1e3)}k` : digits(value)
}

/** As `64 B` or `16 MiB`. */
export function shortBytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10))
  return `${Number((value / 1_024 ** unit).toPrecision(3))} ${units[unit] ?? ''}`
}
