import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { expect } from 'chai'
import type { CommandTable, FlagValues, FlagTable } from '../../../src/cli/command.ts'
import { readConfiguration } from '../../../src/cli/config.ts'
import { membersTable, nodeTable, runTable, tokenTable } from '../../../src/cli/flags.ts'
import { warnOfOpen } from '../../../src/cli/insecure-open.ts'
import { parseWords } from '../../../src/cli/parse.ts'
import { settle } from '../../../src/cli/settle.ts'
import { failureOf } from './support.ts'

const TYPED = '--insecure-open'
const TABLES = [nodeTable, runTable, membersTable]

function settled(table: CommandTable, ...words: string[]): FlagValues<FlagTable> {
  return settle(table, parseWords(table, words).given, new Map())
}

describe('--insecure-open', () => {
  it('is off unless it is typed, for every command that joins a network', () => {
    for (const table of TABLES) {
      expect(settled(table)['insecureOpen']).to.equal(false)
      expect(settled(table, TYPED)['insecureOpen']).to.equal(true)
    }
    expect(tokenTable.flags).not.to.have.property('insecureOpen')
  })

  it('is typed in full', () => {
    const short = Array.from({ length: TYPED.length - 3 }, (_, at) => TYPED.slice(0, at + 3))
    expect(short.at(-1)).to.equal('--insecure-ope')
    const others = ['--insecureOpen', '--insecure_open', '--open', '--insecure-open-', '-o', '-i']
    for (const table of TABLES) {
      for (const word of [...short, ...others]) {
        expect(
          failureOf(() => parseWords(table, [word])),
          word
        ).to.match(/^USAGE: unknown flag/)
      }
      for (const word of [`${TYPED}=true`, `${TYPED}=`]) {
        expect(failureOf(() => parseWords(table, [word]))).to.match(/takes no value/)
      }
    }
  })

  it('is nothing that a file can turn on', () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-config-'))
    try {
      const file = join(folder, 'node.json')
      for (const value of [true, false, 'yes']) {
        writeFileSync(file, JSON.stringify({ insecureOpen: value }))
        expect(failureOf(() => readConfiguration(nodeTable, file))).to.equal(
          `USAGE: "insecureOpen" in ${file} has to be typed: --insecure-open`
        )
      }
      writeFileSync(file, '{"nonsense": 1}')
      expect(failureOf(() => readConfiguration(nodeTable, file))).not.to.include('insecure')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('goes with no token and no named network', () => {
    for (const table of TABLES) {
      for (const other of [
        ['--token-file', 'x'],
        ['--network', 'lab']
      ]) {
        expect(failureOf(() => settled(table, TYPED, ...other))).to.match(/exclude each other$/)
      }
    }
  })

  it('is warned of at once and each minute, in one line', () => {
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      const said: string[] = []
      const local = { network: { addresses: ['/ip4/127.0.0.1/tcp/4001/p2p/x'] } }
      warnOfOpen(local, (line) => said.push(line))
      expect(said).to.have.length(1)
      expect(said[0]).to.match(/^WARNING: --insecure-open .*every user and program of this machine/)
      mock.timers.tick(59_999)
      expect(said).to.have.length(1)
      mock.timers.tick(1)
      mock.timers.tick(60_000)
      expect(said).to.deep.equal([said[0], said[0], said[0]])
      expect(said[0]).not.to.include('\n')
    } finally {
      mock.timers.reset()
    }
  })

  it('is warned of otherwise where others reach the node', () => {
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      const said: string[] = []
      const addresses = ['/ip4/127.0.0.1/tcp/4001', '/ip4/10.0.0.5/tcp/4001']
      warnOfOpen({ network: { addresses } }, (line) => said.push(line))
      expect(said[0]).to.include('whoever reaches this machine')
    } finally {
      mock.timers.reset()
    }
  })
})
