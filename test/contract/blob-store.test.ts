/** What every store of blobs promises. The suite runs with each implementation. */
import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { BlobId, BlobRef } from '../../src/core/types.ts'
import { BlobStore } from '../../src/blobs/blob-store.ts'
import { codeOf } from '../support/code-of.ts'

const STORES = {
  'in memory': (folder: string) => new BlobStore(folder),
  'on disk': (folder: string) => new BlobStore(folder, { memoryBytesMax: 0 }),
  'that is durable': (folder: string) => new BlobStore(folder, { isDurable: true })
}

function refOf(bytes: Uint8Array): BlobRef {
  const blob = createHash('sha256').update(bytes).digest('hex') as BlobId
  return { blob, bytes: bytes.length }
}

async function bytesIn(chunks: ReturnType<BlobStore['read']>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

async function rejection(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code ?? String(error)
  )
}

for (const [name, open] of Object.entries(STORES)) {
  describe(`blob store ${name}`, function () {
    this.timeout(20_000)
    let root: string
    let folder: string
    let store: BlobStore

    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'p2pjobs-blobs-'))
      folder = join(root, 'blobs')
      mkdirSync(folder)
      store = open(folder)
    })

    afterEach(() => rmSync(root, { recursive: true, force: true }))

    /** A file outside the store. */
    function aFile(bytes: Uint8Array): string {
      const path = join(root, randomBytes(8).toString('hex'))
      writeFileSync(path, bytes)
      return path
    }

    async function adopt(bytes: Uint8Array): Promise<BlobRef> {
      await store.adopt(aFile(bytes), refOf(bytes))
      return refOf(bytes)
    }

    async function receive(bytes: Uint8Array, chunkBytes = bytes.length): Promise<BlobRef> {
      await store.receive(refOf(bytes), async (write) => {
        for (let at = 0; at < bytes.length; at += chunkBytes) {
          await write(bytes.subarray(at, at + chunkBytes))
        }
      })
      return refOf(bytes)
    }

    it('takes over a file, and gives its bytes', async () => {
      const bytes = randomBytes(300_000)
      const path = aFile(bytes)
      await store.adopt(path, refOf(bytes))
      expect(existsSync(path)).to.equal(false)
      expect((await bytesIn(store.read(refOf(bytes)))).equals(bytes)).to.equal(true)
    })

    it('takes a file that stays where it is, and outlives that name', async () => {
      const bytes = randomBytes(1_000)
      const path = aFile(bytes)
      await store.adoptLink(path, refOf(bytes))
      await store.adoptLink(path, refOf(bytes))
      rmSync(path)
      await store.release(refOf(bytes).blob)
      expect((await bytesIn(store.read(refOf(bytes)))).equals(bytes)).to.equal(true)
      await store.release(refOf(bytes).blob)
      expect(readdirSync(folder)).to.deep.equal([])
    })

    it('says what is wrong with a file that it cannot take', async () => {
      const ref = refOf(randomBytes(10))
      const error = await store.adoptLink(join(root, 'nowhere'), ref).then(
        () => undefined,
        (thrown: unknown) => thrown
      )
      expect(error).to.have.property('code', 'ENOENT')
      expect(store.size).to.equal(0)
    })

    it('receives chunks in their order', async () => {
      const bytes = randomBytes(300_000)
      const ref = await receive(bytes, 7_001)
      expect((await bytesIn(store.read(ref))).equals(bytes)).to.equal(true)
    })

    it('keeps no bytes as well as many', async () => {
      const ref = await receive(new Uint8Array(0))
      expect(await bytesIn(store.read(ref))).to.have.length(0)
    })

    it('reads from an offset to the end, and nothing from the end', async () => {
      const bytes = randomBytes(200_000)
      const ref = await adopt(bytes)
      const rest = await bytesIn(store.read(ref, 123_456))
      expect(rest.equals(bytes.subarray(123_456))).to.equal(true)
      expect(await bytesIn(store.read(ref, bytes.length))).to.have.length(0)
    })

    it('hands over chunks that a message may have', async () => {
      const ref = await adopt(randomBytes(200_000))
      for await (const chunk of store.read(ref)) expect(chunk.length).to.be.within(1, 65_536)
    })

    it('keeps a blob as long as anyone refers to it, and its bytes no longer', async () => {
      const bytes = randomBytes(1_000)
      const { blob } = await adopt(bytes)
      await adopt(bytes)
      await receive(bytes)
      store.retain(blob)
      expect(readdirSync(folder)).to.have.length(1)
      for (let references = 4; references > 1; references--) {
        await store.release(blob)
        expect(await bytesIn(store.read({ blob }))).to.have.length(1_000)
      }
      await store.release(blob)
      expect(codeOf(() => store.read({ blob }))).to.equal('BLOB_NOT_FOUND')
      expect(readdirSync(folder)).to.deep.equal([])
      expect(store.size).to.equal(0)
    })

    it('does not ask for bytes that it has', async () => {
      const bytes = randomBytes(1_000)
      const ref = await adopt(bytes)
      await store.receive(ref, () => Promise.reject(new Error('asked')))
      await store.release(ref.blob)
      expect(await bytesIn(store.read(ref))).to.have.length(1_000)
    })

    it('says at once that it does not have a blob', async () => {
      const ref = refOf(randomBytes(10))
      expect(codeOf(() => store.read(ref))).to.equal('BLOB_NOT_FOUND')
      expect(codeOf(() => store.retain(ref.blob))).to.equal('BLOB_NOT_FOUND')
      await store.release(ref.blob)
    })

    it('keeps nothing of a blob that does not arrive, and passes on why', async () => {
      const ref = refOf(randomBytes(1_000))
      const receiving = store.receive(ref, async (write) => {
        await write(randomBytes(500))
        throw new Error('the link broke')
      })
      const problem = await receiving.catch((error: unknown) => String(error))
      expect(problem).to.equal('Error: the link broke')
      expect(codeOf(() => store.read(ref))).to.equal('BLOB_NOT_FOUND')
      expect(readdirSync(folder)).to.deep.equal([])
    })

    it('takes the same blob from two sides at a time', async () => {
      const bytes = randomBytes(100_000)
      const [{ blob }] = await Promise.all([receive(bytes, 10_000), receive(bytes), adopt(bytes)])
      expect(store.size).to.equal(1)
      expect(readdirSync(folder)).to.have.length(store.memoryBytes > 0 ? 0 : 1)
      await Promise.all([store.release(blob), store.release(blob)])
      expect((await bytesIn(store.read({ blob }))).equals(bytes)).to.equal(true)
    })

    it('does not lose a blob that comes while its last reference goes', async () => {
      const bytes = randomBytes(1_000)
      const { blob } = await adopt(bytes)
      for (let round = 0; round < 500; round++) {
        const path = aFile(bytes)
        await Promise.all([store.release(blob), store.adopt(path, refOf(bytes))])
        expect(await bytesIn(store.read({ blob }))).to.have.length(1_000)
      }
      expect(readdirSync(folder)).to.have.length(1)
    })

    for (const [way, keep] of Object.entries({ adopted: adopt, received: receive })) {
      it(`lets a reader go on of what was ${way} when the last reference goes`, async () => {
        const bytes = randomBytes(1_500_000)
        const { blob } = await keep(bytes)
        const read: Uint8Array[] = []
        for await (const chunk of store.read({ blob })) {
          if (read.length === 0) await store.release(blob)
          read.push(chunk)
        }
        expect(Buffer.concat(read).equals(bytes)).to.equal(true)
        expect(readdirSync(folder)).to.deep.equal([])
        expect(store.memoryBytes).to.equal(0)
      })
    }

    it('gives all bytes at once, and a file with them', async () => {
      const bytes = randomBytes(1_500_000)
      await store.put(refOf(bytes), bytes)
      expect(bytes.equals(await store.bytesOf(refOf(bytes)))).to.equal(true)
      const path = await store.fileOf(refOf(bytes).blob)
      expect(readFileSync(path).equals(bytes)).to.equal(true)
      expect(bytes.equals(await store.bytesOf(refOf(bytes)))).to.equal(true)
      await store.release(refOf(bytes).blob)
      expect(existsSync(path)).to.equal(false)
      expect(await rejection(store.bytesOf(refOf(bytes)))).to.equal('BLOB_NOT_FOUND')
      expect(await rejection(store.fileOf(refOf(bytes).blob))).to.equal('BLOB_NOT_FOUND')
    })
  })
}

describe('a durable blob store that is opened again', () => {
  let root: string

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'p2pjobs-blobs-'))
  })
  afterEach(() => {
    rmSync(root, { recursive: true, force: true })
  })

  async function* references(...refs: BlobRef[]): AsyncGenerator<readonly BlobRef[]> {
    yield await Promise.resolve(refs)
  }

  async function keep(store: BlobStore, bytes: Uint8Array): Promise<BlobRef> {
    const ref = refOf(bytes)
    await store.put(ref, bytes)
    return ref
  }

  it('has what is referred to, as often as that, and nothing else', async () => {
    const first = await BlobStore.openDurable(root, references())
    const [kept, lost] = [await keep(first, randomBytes(10)), await keep(first, randomBytes(20))]
    const next = await BlobStore.openDurable(root, references(kept, kept))
    expect(next.size).to.equal(1)
    expect(await bytesIn(next.read(kept))).to.have.lengthOf(10)
    expect(codeOf(() => next.read(lost))).to.equal('BLOB_NOT_FOUND')
    expect(readdirSync(root)).to.have.lengthOf(1)
    await next.release(kept.blob)
    expect(readdirSync(root)).to.have.lengthOf(1)
    await next.release(kept.blob)
    expect(readdirSync(root)).to.deep.equal([])
  })

  it('removes halves and doubles, and uses no name twice', async () => {
    const first = await BlobStore.openDurable(root, references())
    const kept = await keep(first, randomBytes(10))
    const [name = ''] = readdirSync(root)
    writeFileSync(join(root, 'part-7'), 'half')
    writeFileSync(join(root, name.replace(/-\d+$/, '-9')), readFileSync(join(root, name)))
    const next = await BlobStore.openDurable(root, references(kept))
    expect(readdirSync(root)).to.have.lengthOf(1)
    expect(await bytesIn(next.read(kept))).to.have.lengthOf(10)
    const other = await keep(next, randomBytes(5))
    expect(readdirSync(root).some((each) => each.endsWith('-11'))).to.equal(true)
    expect(await bytesIn(next.read(other))).to.have.lengthOf(5)
  })

  it('says that a blob is not there whose file is gone', async () => {
    const first = await BlobStore.openDurable(root, references())
    const kept = await keep(first, randomBytes(10))
    for (const name of readdirSync(root)) rmSync(join(root, name))
    const next = await BlobStore.openDurable(root, references(kept))
    expect(codeOf(() => next.read(kept))).to.equal('BLOB_NOT_FOUND')
    await next.release(kept.blob)
  })
})
