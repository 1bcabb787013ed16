import { expect } from 'chai'
import type { Figure } from '../../bench/figures.ts'
import { picturesOf } from '../../bench/pictures.ts'
import { chartSvg } from '../../bench/svg.ts'

function rate(workers: number, values: readonly number[]): Figure {
  const at = { value: workers, unit: 'workers' }
  const what = 'settled nodes: no-op tasks one by one'
  return { bench: 'growth-workers', what, unit: 'tasks/s', at, values }
}

const CHART = {
  title: 'Rate & <spread>',
  x: { label: 'worker nodes', isLog: true },
  y: { label: 'tasks/s', isLog: false },
  series: [{ name: 'ours', points: [{ x: 1, y: 50, least: 0, most: 100 }] }]
}

describe('pictures of the benchmark', () => {
  it('show the median of each point, the least and the most', () => {
    const svg = picturesOf([rate(4, [100, 0, 50]), rate(1, [100])]).get('workers.svg') ?? ''
    const dots = [...svg.matchAll(/<circle cx="([0-9.]+)" cy="([0-9.]+)"/g)]
    // From left to right, whatever the order of the figures: the top, then half way up.
    expect(dots.map(([, x, y]) => [x, y])).to.deep.equal([
      ['72.0', '64.0'],
      ['616.0', '184.0']
    ])
    expect(svg).to.contain('M616.0 304.0V64.0')
  })

  it('only those are drawn of which something was measured', () => {
    expect([...picturesOf([rate(1, [1])]).keys()]).to.deep.equal(['workers.svg'])
    expect(picturesOf([]).size).to.equal(0)
  })

  it('say what they are, and in which units', () => {
    const svg = chartSvg(CHART)
    for (const text of ['worker nodes', 'tasks/s', 'ours', 'Rate &amp; &lt;spread&gt;']) {
      expect(svg).to.contain(`>${text}</`)
    }
  })

  it('have colours for a dark page, too', () => {
    const svg = chartSvg(CHART)
    const [light = '', dark = ''] = svg.split('@media (prefers-color-scheme: dark)')
    const names = [...light.matchAll(/--[a-z0-9]+(?=:)/g)].map(([name]) => name)
    expect(names).to.have.length(7)
    for (const name of names) expect(dark).to.contain(`${name}:`)
  })

  it('are well-formed', () => {
    const svg = chartSvg(CHART)
    const opened = [...svg.matchAll(/<([a-z]+)(?: [^>]*[^/])?>/g)].map(([, name]) => name)
    const closed = [...svg.matchAll(/<\/([a-z]+)>/g)].map(([, name]) => name)
    expect(opened.sort()).to.deep.equal(closed.sort())
    expect(svg).to.not.match(/NaN|undefined|Infinity/)
  })
})
