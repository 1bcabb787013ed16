import { createHash } from 'node:crypto'
import { expect } from 'chai'
import {
  createCredentials,
  fullCredentials,
  isFull,
  isOpen,
  networkTag,
  noisePrologue,
  openCredentials
} from '../../../src/trust/credentials.ts'

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

describe('credentials', () => {
  it('are full and different for every new network', () => {
    const [one, other] = [createCredentials(), createCredentials()]
    expect(isFull(one)).to.equal(true)
    expect(one.rootSeed).to.have.lengthOf(32)
    expect(one.rootPublicKey).to.have.lengthOf(32)
    expect(one.secret).to.have.lengthOf(16)
    expect(one.secret).not.to.deep.equal(other.secret)
    expect(one.rootPublicKey).not.to.deep.equal(other.rootPublicKey)
  })

  it('derive the public key of RFC 8032, test 1', () => {
    const seed = Buffer.from(
      '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
      'hex'
    )
    const { rootPublicKey } = fullCredentials(seed, bytes(16, 0))
    expect(Buffer.from(rootPublicKey).toString('hex')).to.equal(
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'
    )
  })

  it('of the open network are the same everywhere, full, and those of no other network', () => {
    const open = openCredentials()
    // Part of the protocol: nodes of all versions meet.
    expect(Buffer.from(open.rootSeed ?? []).toString('hex')).to.equal(
      createHash('sha256').update('p2pjobs/insecure-open/1/root').digest('hex')
    )
    expect(Buffer.from(open.secret).toString('hex')).to.equal('ec7c0b9090826d4798e12f7474f16b4b')
    expect(networkTag(open)).to.equal('d2abe590')
    expect(isFull(open)).to.equal(true)
    expect(isOpen(open)).to.equal(true)
    const other = createCredentials()
    expect(isOpen(other)).to.equal(false)
    expect(isOpen({ ...other, secret: open.secret })).to.equal(true)
    expect(isOpen({ ...open, secret: other.secret })).to.equal(true)
  })

  it('derive a tag from the key alone and a prologue from the secret alone', () => {
    const network = { rootPublicKey: bytes(32, 7), rootSeed: undefined, secret: bytes(16, 9) }
    const other = { ...network, secret: bytes(16, 8) }
    // Both values are part of the protocol: `printf` and `sha256sum` give the same.
    expect(networkTag(network)).to.equal('e7c08d85')
    expect(Buffer.from(noisePrologue(network)).toString('hex')).to.equal(
      'd04bbc3ef715a6b1f24f91061297bb54d670c960c702d15caa4cd51f3098fbdd'
    )
    expect(networkTag(other)).to.equal(networkTag(network))
    expect(noisePrologue(other)).not.to.deep.equal(noisePrologue(network))
  })
})
