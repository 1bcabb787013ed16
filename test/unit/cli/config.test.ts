import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { readConfiguration } from '../../../src/cli/config.ts'
import { failureOf, table } from './support.ts'

describe('readConfiguration', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-config-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  function read(text: string): Record<string, unknown> {
    const file = join(folder, 'node.json')
    writeFileSync(file, text)
    const given = readConfiguration(table, file)
    return Object.fromEntries([...given].map(([key, { value }]) => [key, value]))
  }

  it('reads flags of every kind', () => {
    const text = `{"warm": true, "salt": false, "loaves": 3, "time": "1.5h", "flour": 100,
      "name": "rye", "seed": ["poppy", "sesame"]}`
    expect(read(text)).to.deep.equal({
      warm: true,
      salt: false,
      loaves: 3,
      time: 5_400_000,
      flour: 100,
      name: 'rye',
      seed: ['poppy', 'sesame']
    })
    expect(read('{"time": 2}')).to.deep.equal({ time: 2000 })
    expect(read('{}')).to.deep.equal({})
  })

  it('looks for files beside itself, and for stdin nowhere', () => {
    expect(read('{"recipe": "rye.txt"}')).to.deep.equal({ recipe: join(folder, 'rye.txt') })
    expect(read('{"recipe": "/rye.txt"}')).to.deep.equal({ recipe: '/rye.txt' })
    expect(read('{"recipe": "-"}')).to.deep.equal({ recipe: '-' })
  })

  it('names the file and the key of what it refuses', () => {
    const problems: Record<string, RegExp> = {
      '{"loafs": 3}': /"loafs" in .*node\.json is no flag of bake; did you mean "loaves"\?/,
      '{"zzzzzz": 3}': /"zzzzzz" in .*; there are warm, noSalt/,
      '{"config": "x"}': /"config" in .* is no flag/,
      '{"no-salt": true}': /"no-salt" in .* is no flag/,
      '{"__proto__": 1}': /"__proto__" in .* is no flag/,
      '{"toString": 1}': /"toString" in .* is no flag/,
      '{"warm": "yes"}': /"warm" in .* has to be true or false/,
      '{"loaves": "x"}': /"loaves" in .*: 'x' is not a whole number/,
      '{"loaves": 1.5}': /"loaves" in .*: '1.5' is not a whole number/,
      '{"loaves": 99}': /'99' is not between 0 and 10/,
      '{"loaves": null}': /"loaves" in .* has to be a number or a text/,
      '{"name": 3}': /"name" in .* has to be a text/,
      '{"name": "123456"}': /"name" in .* has 6 characters/,
      '{"seed": "poppy"}': /"seed" in .* has to be a list of texts/,
      '{"seed": ["poppy", 3]}': /"seed" in .* has to be a text/,
      '[]': /node\.json is not a JSON object/,
      null: /not a JSON object/,
      '{"loaves": 3,}': /the configuration .*node\.json is no JSON, as .*: .*JSON/
    }
    for (const [text, problem] of Object.entries(problems)) {
      const failure = failureOf(() => read(text))
      expect(failure).to.match(/^USAGE: /)
      expect(failure).to.match(problem)
    }
  })

  it('names a file that is not there', () => {
    const file = join(folder, 'none.json')
    expect(failureOf(() => readConfiguration(table, file))).to.match(
      /^USAGE: cannot read the configuration: ENOENT.*none\.json'; check the name/
    )
  })
})
