import { expect } from 'chai'
import { Figures, figuresIn, jsonOf, median, quantile, tableOf } from '../../bench/figures.ts'
import type { Figure } from '../../bench/figures.ts'

const SUBJECT = { bench: 'b', what: 'no-op tasks', unit: 'tasks/s' }

describe('figures of the benchmark', () => {
  it('the median is the middle one, or between the two of the middle', () => {
    expect(median([9, 1, 5])).to.equal(5)
    expect(median([4, 1, 3, 2])).to.equal(2.5)
    expect(median([])).to.be.NaN
  })

  it('a quantile lies between its neighbours', () => {
    const values = Array.from({ length: 101 }, (_, at) => 100 - at)
    expect(quantile(values, 0.99)).to.equal(99)
    expect(quantile([10, 20], 0.75)).to.equal(17.5)
    expect(quantile([7], 0.99)).to.equal(7)
  })

  it('values of one subject are gathered over the rounds, in the order of the first', () => {
    const figures = new Figures()
    figures.add(SUBJECT, 1)
    figures.add({ ...SUBJECT, at: { value: 2, unit: 'workers' } }, 10)
    figures.add({ ...SUBJECT, at: { value: 4, unit: 'workers' } }, 20)
    figures.add(SUBJECT, 3)
    figures.add({ ...SUBJECT, at: { value: 2, unit: 'workers' } }, 30)
    expect(figures.all.map(({ values }) => values)).to.deep.equal([[1, 3], [10, 30], [20]])
  })

  it('a subject measured in two units is two figures', () => {
    const figures = new Figures()
    figures.add(SUBJECT, 1)
    figures.add({ ...SUBJECT, unit: 'MiB' }, 2)
    expect(figures.all).to.have.length(2)
  })

  it('what is written as JSON is read back, whatever is around it', () => {
    const plain: Figure = { ...SUBJECT, values: [1, 2.5, 4] }
    const placed: Figure = { ...SUBJECT, at: { value: 16, unit: 'workers' }, values: [3] }
    const text = `> bench\n${jsonOf(plain)}\n${jsonOf(placed)}\n\na table\n`
    expect(figuresIn(text)).to.deep.equal([plain, placed])
    expect(JSON.parse(jsonOf(plain))).to.include({ median: 2.5, min: 1, max: 4 })
  })

  it('values are written with four digits', () => {
    expect(jsonOf({ ...SUBJECT, values: [12_345.678] })).to.contain('"values":[12350]')
  })

  it('details are for programs, not in the table', () => {
    const figures: Figure[] = [
      { ...SUBJECT, values: [1] },
      { ...SUBJECT, isDetail: true, values: [2] }
    ]
    expect(tableOf(figures).split('\n')).to.have.length(1)
    expect(figures.map(jsonOf)[1]).to.contain('"isDetail":true')
  })

  it('the table says median, unit, least, most and how often', () => {
    const table = tableOf([
      { ...SUBJECT, values: [30_000, 10_000, 20_000] },
      { ...SUBJECT, what: 'idle', at: { value: 500, unit: 'workers' }, unit: 'MiB', values: [1.5] }
    ])
    expect(table.split('\n')).to.deep.equal([
      'no-op tasks         20,000  tasks/s  10,000 to 30,000  n=3',
      'idle, workers: 500     1.5  MiB      1.5 to 1.5        n=1'
    ])
  })
})
