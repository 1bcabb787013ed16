import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { operatingErrorOf } from '../../../src/core/errors.ts'
import {
  credentialsOf,
  joinOptions,
  problemLines,
  requireMaster
} from '../../../src/cli/network-flags.ts'
import { keptCredentials, makeNetwork, placeOf, tokenOf } from '../../../src/node/credentials.ts'
import type { NetworkPlace } from '../../../src/node/credentials.ts'
import { createCredentials } from '../../../src/trust/credentials.ts'
import { aContext, failureOf } from './support.ts'

describe('credentialsOf', () => {
  let place: NetworkPlace
  let folder = ''

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'p2pjobs-flags-'))
    place = placeOf({ P2PJOBS_HOME: folder }, 'default', () => undefined)
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const flags = (tokenFile?: string): Parameters<typeof credentialsOf>[1] => ({
    tokenFile,
    insecureOpen: false
  })

  const tokenOfSomeNetwork = (kind: 'work' | 'full'): string => tokenOf(createCredentials(), kind)

  async function problemOf(work: Promise<unknown>): Promise<string> {
    const failure: unknown = await work.catch((error: unknown) => error)
    const error = operatingErrorOf(failure)
    return `${error?.code ?? 'none'}: ${error?.message ?? String(failure)}`
  }

  it('are those that are kept, or none', async () => {
    expect(await credentialsOf(place, flags(), aContext())).to.equal(undefined)
    const made = makeNetwork(place)
    expect(await credentialsOf(place, flags(), aContext())).to.deep.equal(made)
  })

  it('are those of a token that is given, which is kept', async () => {
    const env = { P2PJOBS_TOKEN: tokenOfSomeNetwork('work') }
    const given = await credentialsOf(place, flags(), { ...aContext(), env })
    expect(given?.rootSeed).to.equal(undefined)
    expect(keptCredentials(place)).to.deep.equal(given)
    expect(await credentialsOf(place, flags(), aContext())).to.deep.equal(given)
  })

  it('are upgraded by a full token, and lose nothing by a work token', async () => {
    const credentials = createCredentials()
    for (const [kind, isFull] of [
      ['work', false],
      ['full', true],
      ['work', true]
    ] as const) {
      const env = { P2PJOBS_TOKEN: tokenOf(credentials, kind) }
      const merged = await credentialsOf(place, flags(), { ...aContext(), env })
      expect(merged?.rootSeed !== undefined).to.equal(isFull)
    }
  })

  it('say where a token came from that cannot be used', async () => {
    const file = join(folder, 'token')
    writeFileSync(file, 'hello')
    expect(await problemOf(credentialsOf(place, flags(file), aContext()))).to.match(
      /^BAD_TOKEN: --token-file .*token: the token is not a p2pjobs token/
    )
    const env = { P2PJOBS_TOKEN: 'p2pj1-work-x' }
    const cutOff = problemOf(credentialsOf(place, flags(), { ...aContext(), env }))
    expect(await cutOff).to.match(/^BAD_TOKEN: P2PJOBS_TOKEN: the token is cut off/)
    makeNetwork(place)
    const other = { P2PJOBS_TOKEN: tokenOfSomeNetwork('full') }
    const foreign = problemOf(credentialsOf(place, flags(), { ...aContext(), env: other }))
    expect(await foreign).to.match(/^BAD_TOKEN: P2PJOBS_TOKEN: .*another network.*--network NAME/)
  })

  it('that were kept and are damaged give way to a token that is given', async () => {
    makeNetwork(place)
    writeFileSync(join(folder, 'networks/default.token'), 'damaged')
    expect(await problemOf(credentialsOf(place, flags(), aContext()))).to.match(
      /^BAD_TOKEN: the token kept in .* is damaged; .*--token-file/
    )
    const env = { P2PJOBS_TOKEN: tokenOfSomeNetwork('full') }
    const given = await credentialsOf(place, flags(), { ...aContext(), env })
    expect(keptCredentials(place)).to.deep.equal(given)
  })
})

describe('requireMaster', () => {
  it('lets only full credentials pass', () => {
    const full = createCredentials()
    requireMaster(full)
    expect(failureOf(() => requireMaster({ ...full, rootSeed: undefined }))).to.match(
      /^NOT_A_MASTER/
    )
  })
})

describe('joinOptions', () => {
  it('are what the flags say', () => {
    const credentials = createCredentials()
    const lab: NetworkPlace = {
      home: { config: '', data: '' },
      network: 'lab',
      warn: () => undefined
    }
    const flags = {
      listen: ['/a'],
      join: ['/b'],
      tokenFile: undefined,
      insecureOpen: false
    }
    expect(joinOptions(lab, { ...flags, noMdns: false }, credentials)).to.deep.equal({
      name: 'lab',
      credentials,
      listen: ['/a'],
      join: ['/b'],
      isDiscovering: true
    })
    const open = joinOptions(lab, { ...flags, noMdns: true, insecureOpen: true }, credentials)
    expect(open).to.include({ name: '--insecure-open', isDiscovering: false })
  })
})

describe('problemLines', () => {
  it('says each problem once, in one line that a terminal can show', () => {
    const context = aContext()
    const say = problemLines(context)
    for (const text of ['one', 'one', 'two\u001b\n', 'one', 'two\u001b\n']) say(text)
    expect(context.written.stderr).to.equal('p2pjobs: one\np2pjobs: two\\x1b\\n\n')
  })

  it('forgets in the end, and says things again', () => {
    const context = aContext()
    const say = problemLines(context)
    for (let count = 0; count <= 1_000; count++) say(`problem ${count}`)
    say('problem 0')
    const times = context.written.stderr.split('\n').filter((line) => line === 'p2pjobs: problem 0')
    expect(times).to.have.length(2)
  })
})
