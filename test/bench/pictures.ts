/**
 * The pictures of docs/PERFORMANCE.md, from figures that were measured.
 */
import { shortBytes } from './axis.ts'
import type { AxisInit } from './axis.ts'
import { median } from './figures.ts'
import type { Figure } from './figures.ts'
import { chartSvg } from './svg.ts'
import type { Series } from './svg.ts'

interface Picture {
  readonly file: string
  readonly title: string
  readonly bench: string
  /** The figures it shows, by what they are of, and what they are called in it. */
  readonly lines: Readonly<Record<string, string>>
  readonly x: AxisInit
  readonly y: AxisInit
}

const EMBEDDED = 'two processes of its own'
const NETWORK = 'two worker nodes'
const IDLE = { bench: 'growth-idle', x: { label: 'idle workers', isLog: false } } as const

const PICTURES: readonly Picture[] = [
  {
    file: 'tasks.svg',
    title: 'Time for each no-op task as more of them wait',
    bench: 'growth-tasks',
    lines: { 'embedded: time per task': EMBEDDED, 'network: time per task': NETWORK },
    x: { label: 'tasks submitted one by one, all at once', isLog: true },
    y: { label: 'us', isLog: false }
  },
  {
    file: 'waiting.svg',
    title: 'Memory of a waiting task at its master, beside its input',
    bench: 'growth-tasks',
    lines: { 'a waiting task at the master, beside its input': 'in memory' },
    x: { label: 'waiting tasks', isLog: true },
    y: { label: 'bytes', isLog: false }
  },
  {
    file: 'workers.svg',
    title: 'No-op tasks a second with more worker nodes on one machine',
    bench: 'growth-workers',
    lines: {
      'young nodes: no-op tasks one by one': 'after 5,000 tasks each',
      'settled nodes: no-op tasks one by one': 'after 100,000 tasks each'
    },
    x: { label: 'worker nodes of one slot each', isLog: true },
    y: { label: 'tasks/s', isLog: false }
  },
  {
    file: 'idle-cpu.svg',
    title: 'CPU of a master with workers that have nothing to do',
    ...IDLE,
    lines: { 'CPU of the master': 'the master process' },
    y: { label: '% of a core', isLog: false }
  },
  {
    file: 'idle-memory.svg',
    title: 'Memory of a master with workers that have nothing to do',
    ...IDLE,
    lines: { 'memory of the master': 'the master process' },
    y: { label: 'MiB', isLog: false }
  },
  {
    file: 'payloads.svg',
    title: 'Payloads there and back, each counted once',
    bench: 'growth-payloads',
    lines: {
      'embedded: payloads there and back': EMBEDDED,
      'network: payloads there and back': NETWORK
    },
    x: { label: 'size of each payload', isLog: true, shown: shortBytes },
    y: { label: 'MiB/s', isLog: true }
  }
]

/** What can be shown of these figures: files and what is in them. */
export function picturesOf(figures: readonly Figure[]): ReadonlyMap<string, string> {
  const pictures = new Map<string, string>()
  for (const { file, title, bench, lines, x, y } of PICTURES) {
    const ofBench = figures.filter((figure) => figure.bench === bench)
    const series = Object.entries(lines).map(([what, name]) => seriesOf(ofBench, what, name))
    const shown = series.filter(({ points }) => points.length > 0)
    if (shown.length > 0) pictures.set(file, chartSvg({ title, x, y, series: shown }))
  }
  return pictures
}

function seriesOf(figures: readonly Figure[], what: string, name: string): Series {
  const points = figures.flatMap((figure) => {
    if (figure.what !== what || figure.at === undefined) return []
    const { values, at } = figure
    const [least, most] = [Math.min(...values), Math.max(...values)]
    return [{ x: at.value, y: median(values), least, most }]
  })
  return { name, points }
}
