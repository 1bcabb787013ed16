/**
 * A line chart as SVG, readable on a light and on a dark page.
 */
import { axisOfRoundValues, axisOfValues } from './axis.ts'
import type { Axis, AxisInit } from './axis.ts'

export interface Chart {
  readonly title: string
  /** Its ticks are the values that were measured; those of `y` are round. */
  readonly x: AxisInit
  readonly y: AxisInit
  readonly series: readonly Series[]
}

export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface Point {
  readonly x: number
  readonly y: number
  /** What was measured least and most. */
  readonly least: number
  readonly most: number
}

const [WIDTH, HEIGHT] = [640, 360]
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 24, 64, 56]
const STYLE = `
  svg { font: 13px system-ui, sans-serif; --ink: #24292f; --grid: #d8dee4; --paper: #ffffff }
  svg { --s0: #0969da; --s1: #bc4c00; --s2: #1a7f37; --s3: #8250df }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --grid: #30363d; --paper: #0d1117 }
    svg { --s0: #58a6ff; --s1: #f0883e; --s2: #3fb950; --s3: #bc8cff }
  }
  text { fill: var(--ink) } .title { font-size: 15px; font-weight: 600 }
  .paper { fill: var(--paper) } .grid { stroke: var(--grid) }
  .line { fill: none; stroke-width: 2 } .spread { stroke-width: 1.5 }`
const DASHES = ['', '7 4', '2 4', '9 3 2 3']

export function chartSvg({ title, x, y, series }: Chart): string {
  const points = series.flatMap((each) => each.points)
  const across = axisOfValues(
    x,
    points.map((point) => point.x)
  )
  const up = axisOfRoundValues(
    y,
    points.flatMap(({ least, most }) => [least, most])
  )
  const parts = [
    `<rect class="paper" width="${WIDTH}" height="${HEIGHT}" rx="6"/>`,
    `<text class="title" x="${LEFT}" y="24">${escaped(title)}</text>`,
    ...series.map(({ name }, at) => legend(name, at, series)),
    ...gridOf(across, up),
    ...series.map((each, at) => lineOf(each, at, across, up))
  ]
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">\n` +
    `<title>${escaped(title)}</title>\n<style>${STYLE}\n</style>\n${parts.join('\n')}\n</svg>\n`
  )
}

function left(place: number): string {
  return (LEFT + place * (WIDTH - LEFT - RIGHT)).toFixed(1)
}

function top(place: number): string {
  return (HEIGHT - BOTTOM - place * (HEIGHT - TOP - BOTTOM)).toFixed(1)
}

function gridOf(across: Axis, up: Axis): string[] {
  const end = WIDTH - RIGHT
  const rows = up.ticks.map(({ place, text }) => {
    const y = top(place)
    const label = `<text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${escaped(text)}</text>`
    return `<path class="grid" d="M${LEFT} ${y}H${end}"/>${label}`
  })
  const columns = across.ticks.map(({ place, text }) => {
    const [x, y] = [left(place), HEIGHT - BOTTOM + 18]
    return `<text x="${x}" y="${y}" text-anchor="middle">${escaped(text)}</text>`
  })
  const middle = (LEFT + end) / 2
  const names = [
    `<text x="${middle}" y="${HEIGHT - 12}" text-anchor="middle">${escaped(across.label)}</text>`,
    `<text x="${LEFT}" y="${TOP - 10}" text-anchor="end">${escaped(up.label)}</text>`
  ]
  return [...rows, ...columns, ...names]
}

function lineOf({ points }: Series, at: number, across: Axis, up: Axis): string {
  const sorted = [...points].sort((a, b) => a.x - b.x)
  const path = sorted.map(({ x, y }) => `${left(across.place(x))} ${top(up.place(y))}`).join('L')
  const spreads = sorted.map(({ x, least, most }) => {
    return `M${left(across.place(x))} ${top(up.place(least))}V${top(up.place(most))}`
  })
  const dots = sorted.map(({ x, y }) => {
    return `<circle cx="${left(across.place(x))}" cy="${top(up.place(y))}" r="3.5"/>`
  })
  const colour = `var(--s${at})`
  return (
    `<g stroke="${colour}" fill="${colour}">` +
    `<path class="line" d="M${path}" stroke-dasharray="${DASHES[at] ?? ''}"/>` +
    `<path class="spread" d="${spreads.join('')}"/>${dots.join('')}</g>`
  )
}

function legend(name: string, at: number, series: readonly Series[]): string {
  const width = (WIDTH - LEFT - RIGHT) / series.length
  const x = LEFT + at * width
  const line = `<path class="line" d="M${x} 42h28" stroke="var(--s${at})" stroke-dasharray="${DASHES[at] ?? ''}"/>`
  return `${line}<text x="${x + 36}" y="46">${escaped(name)}</text>`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
