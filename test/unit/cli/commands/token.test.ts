import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { operatingErrorOf } from '../../../../src/core/errors.ts'
import { tokenCommand } from '../../../../src/cli/commands/token.ts'
import { acceptToken, makeNetwork, placeOf } from '../../../../src/node/credentials.ts'
import { aContext } from '../support.ts'

describe('p2pjobs token', () => {
  let folder = ''
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'p2pjobs-token-'))))
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function printed(full: boolean, network = 'default'): Promise<string> {
    const context = { ...aContext(), env: { P2PJOBS_HOME: folder } }
    const operands = { command: '', inputs: undefined }
    try {
      expect(await tokenCommand.run({ full, network }, context, operands)).to.equal(0)
    } catch (error) {
      return String(operatingErrorOf(error)?.code)
    }
    expect(context.written.stderr).to.equal('')
    return context.written.stdout
  }

  it('prints the token of the network that is asked for, of either kind', async () => {
    const place = placeOf({ P2PJOBS_HOME: folder }, 'lab', () => undefined)
    const { rootPublicKey } = makeNetwork(place)
    expect(await printed(false)).to.equal('NO_NETWORK')
    for (const kind of ['work', 'full']) {
      const token = await printed(kind === 'full', 'lab')
      expect(token).to.match(new RegExp(`^p2pj1-${kind}-[a-z2-7]{84}\n$`))
      const elsewhere = placeOf({ P2PJOBS_HOME: join(folder, kind) }, 'x', () => undefined)
      expect(acceptToken(elsewhere, token).rootPublicKey).to.deep.equal(rootPublicKey)
    }
  })

  it('prints no full token where there is only a work token', async () => {
    makeNetwork(placeOf({ P2PJOBS_HOME: folder }, 'made', () => undefined))
    const work = await printed(false, 'made')
    acceptToken(
      placeOf({ P2PJOBS_HOME: folder }, 'default', () => undefined),
      work
    )
    expect(await printed(false)).to.equal(work)
    expect(await printed(true)).to.equal('NOT_A_MASTER')
  })
})
