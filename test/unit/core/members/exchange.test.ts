import { expect } from 'chai'
import { DIALS_MAX, HEARD_MAX } from '../../../../src/core/limits.ts'
import type { PeerAddresses } from '../../../../src/core/members/events.ts'
import type { NodeId } from '../../../../src/core/types.ts'
import { Mesh } from '../../../support/mesh.ts'
import type { MeshNode, Second } from '../../../support/mesh.ts'

const MINUTE_MS = 60_000
/** Whom a node asks is chance; what holds for one seed need not for another. */
const SEEDS = 20

/** All of these join the first one, one after the other. */
function joined(mesh: Mesh, count: number): MeshNode[] {
  const nodes = Array.from({ length: count }, () => mesh.add())
  for (const node of nodes.slice(1)) {
    mesh.join(node, nodes[0]!)
    mesh.passes(30)
  }
  return nodes
}

/** Two networks that have been quiet for long; the seed is in the names of their members. */
function twoNetworks(
  seed: number,
  count: number
): { mesh: Mesh; ours: MeshNode[]; theirs: MeshNode[] } {
  const mesh = new Mesh()
  for (let other = 0; other < seed; other++) mesh.vanish(mesh.add())
  const [ours, theirs] = [joined(mesh, count), joined(mesh, count)]
  mesh.passes(10 * MINUTE_MS)
  return { mesh, ours, theirs }
}

function dialsOf({ seconds }: MeshNode): number {
  return [...seconds.values()].reduce((sum, { dials }) => sum + dials, 0)
}

function mostPerSecond(nodes: readonly MeshNode[], what: keyof Second): number {
  return Math.max(...nodes.flatMap(({ seconds }) => [...seconds.values()].map((one) => one[what])))
}

/** What a member claims to be connected to. */
function invented(count: number, from: number): PeerAddresses[] {
  return Array.from({ length: count }, (_, at) => ({
    peer: `12D3KooW${String(from + at).padStart(44, 'y')}` as NodeId,
    addresses: [`/ip4/10.9.${at >> 8}.${at & 255}/tcp/4001`]
  }))
}

describe('members tell each other of members', () => {
  it('so that who joins one joins them all', () => {
    const mesh = new Mesh()
    const [one, two, three] = joined(mesh, 3)
    expect(mesh.isWhole).to.equal(true)
    mesh.vanish(one!)
    mesh.passes(MINUTE_MS)
    expect(two!.statusOf(three!)).to.equal('alive')
    expect(two!.statusOf(one!)).to.equal('failed')
    const late = mesh.add()
    mesh.join(late, three!)
    mesh.passes(100)
    expect(late.statusOf(two!)).to.equal('alive')
    expect(late.statusOf(one!)).to.equal(undefined)
  })

  it('also those who cannot be dialed, because they dial', () => {
    const mesh = new Mesh()
    const open = mesh.add()
    const shut = Array.from({ length: 20 }, () => mesh.add({ isFirewalled: true }))
    for (const node of shut) mesh.join(node, open)
    mesh.passes(10_000)
    const late = mesh.add()
    mesh.join(late, open)
    expect(mesh.until(() => late.connected.size === 21, 10_000)).to.be.below(2_000)
    // Of two that can only dial, neither can reach the other.
    expect(shut.map(({ connected }) => connected.size)).to.deep.equal(shut.map(() => 2))
  })

  it('and two networks become one when a member of one joins the other', function () {
    this.timeout(20_000)
    for (let seed = 0; seed < SEEDS; seed++) {
      const { mesh, ours, theirs } = twoNetworks(seed, 10)
      mesh.join(theirs[4]!, ours[7]!)
      expect(
        mesh.until(() => mesh.isWhole, MINUTE_MS),
        `seed ${seed}`
      ).to.be.below(10_000)
    }
  })

  it('and when two of them see each other, because somebody put in a cable', () => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { mesh, ours, theirs } = twoNetworks(seed, 5)
      const [one, other] = [ours[4]!, theirs[2]!]
      mesh.does(one, { type: 'sighted', peer: other.id, addresses: other.listening })
      mesh.does(other, { type: 'sighted', peer: one.id, addresses: one.listening })
      expect(
        mesh.until(() => mesh.isWhole, MINUTE_MS),
        `seed ${seed}`
      ).to.be.below(10_000)
    }
  })

  it('and those on the loopback of one machine', () => {
    const mesh = new Mesh()
    const nodes = Array.from({ length: 4 }, () => mesh.add({ host: 1, isLocal: true }))
    for (const node of nodes.slice(1)) mesh.join(node, nodes[0]!)
    mesh.passes(1_000)
    expect(mesh.isWhole).to.equal(true)
  })

  it('but not two of each other that only look who is there', () => {
    const mesh = new Mesh()
    const [one, two] = joined(mesh, 2)
    const guests = [mesh.add({ isGuest: true }), mesh.add({ isGuest: true })]
    for (const guest of guests) mesh.join(guest, one!)
    mesh.passes(MINUTE_MS)
    for (const guest of guests) {
      expect([...guest.connected]).to.have.members([one, two])
      expect(one!.statusOf(guest)).to.equal('alive')
    }
  })

  it('two hundred that start at once are together in seconds, and nobody asks often', function () {
    this.timeout(60_000)
    const mesh = new Mesh()
    const nodes = Array.from({ length: 200 }, () => mesh.add())
    for (const node of nodes.slice(1)) mesh.join(node, nodes[0]!)
    expect(mesh.until(() => mesh.isWhole, MINUTE_MS)).to.be.below(5_000)
    mesh.passes(10_000)
    expect(mostPerSecond(nodes.slice(1), 'questions')).to.be.at.most(3)
    // The one that all joined tells all of all, little by little.
    expect(mostPerSecond(nodes, 'questions')).to.be.at.most(70)
    expect(Math.max(...nodes.map(({ dialingMost }) => dialingMost))).to.equal(DIALS_MAX)
    mesh.passes(10 * MINUTE_MS)
    for (const { seconds } of nodes) {
      const quiet = [...seconds].filter(([at]) => at > 5 * 60).map(([, second]) => second)
      expect(quiet.reduce((sum, { questions }) => sum + questions, 0)).to.be.within(4, 12)
      expect(quiet.every(({ dials }) => dials === 0)).to.equal(true)
    }
  })

  it('and those that discovery shows need hardly any words', () => {
    const mesh = new Mesh()
    const nodes = Array.from({ length: 50 }, () => mesh.add())
    for (const node of nodes) {
      for (const { id, listening } of nodes) {
        if (id !== node.id) {
          mesh.does(node, { type: 'sighted', peer: id, addresses: listening.slice(0, 1) })
        }
      }
    }
    mesh.until(() => mesh.isWhole, MINUTE_MS)
    mesh.passes(10_000)
    expect(mostPerSecond(nodes, 'questions')).to.be.at.most(3)
  })
})

describe('members told of by others', () => {
  it('are forgotten when nobody is connected to them any more, and were never members', () => {
    const mesh = new Mesh()
    const [one, liar] = [mesh.add(), mesh.add()]
    mesh.join(one, liar)
    mesh.passes(100)
    const question = { have: undefined, told: invented(1, 1) }
    const tell = (): void => mesh.does(one, { type: 'asked', ask: 0, peer: liar.id, question })
    const dialsIn = (minutes: number): number => {
      const since = dialsOf(one)
      mesh.passes(minutes * MINUTE_MS)
      return dialsOf(one) - since
    }
    tell()
    expect(dialsIn(1)).to.be.within(5, 15)
    dialsIn(2)
    expect(dialsIn(10)).to.equal(0)
    tell()
    expect(dialsIn(1)).to.be.within(5, 15)
    expect(one.machine.members.map(({ peer }) => peer)).to.deep.equal([liar.id])
    // And nobody else ever heard of it from here.
    expect(one.told.map(({ peer }) => peer)).not.to.include(question.told[0]!.peer)
  })

  it('are dialed within bounds, however many a member makes up', function () {
    this.timeout(20_000)
    const mesh = new Mesh()
    const [one, liar, good] = joined(mesh, 3)
    for (let round = 0; round < 600; round++) {
      const question = { have: [], told: invented(1_000, round * 1_000) }
      mesh.does(one!, { type: 'asked', ask: 0, peer: liar!.id, question })
      mesh.passes(100)
    }
    expect(one!.dialingMost).to.be.at.most(DIALS_MAX)
    expect(dialsOf(one!)).to.be.within(HEARD_MAX, 12 * HEARD_MAX)
    expect(one!.statusOf(good!)).to.equal('alive')
    const late = mesh.add()
    mesh.join(late, one!)
    mesh.passes(MINUTE_MS)
    expect(one!.statusOf(late)).to.equal('alive')
  })

  it('are not dialed when they have just left', () => {
    const mesh = new Mesh()
    const [one, two, three] = joined(mesh, 3)
    mesh.does(one!, { type: 'goodbye', peer: three!.id })
    mesh.vanish(three!)
    const question = {
      have: undefined,
      told: [{ peer: three!.id, addresses: three!.listening }]
    }
    const before = mostPerSecond([one!], 'dials')
    mesh.does(one!, { type: 'asked', ask: 0, peer: two!.id, question })
    mesh.passes(MINUTE_MS)
    expect(mostPerSecond([one!], 'dials')).to.equal(before)
    expect(one!.statusOf(three!)).to.equal('left')
  })

  it('are dialed again when others have them later', () => {
    const mesh = new Mesh()
    const [one, , three] = joined(mesh, 3)
    mesh.does(one!, { type: 'goodbye', peer: three!.id })
    mesh.cut(one!, three!)
    expect(one!.statusOf(three!)).to.equal('left')
    mesh.until(() => one!.statusOf(three!) === 'alive', MINUTE_MS)
  })

  it('count for nothing when a stranger tells', () => {
    const mesh = new Mesh()
    const one = mesh.add()
    const stranger = mesh.add()
    const question = { have: [], told: invented(3, 1) }
    mesh.does(one, { type: 'asked', ask: 0, peer: stranger.id, question })
    mesh.does(one, { type: 'answered', peer: stranger.id, told: invented(3, 1) })
    mesh.passes(1_000)
    expect(one.machine.members).to.deep.equal([])
  })
})
