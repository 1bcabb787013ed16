/** What a store of blobs keeps in memory, and what becomes of it when that, or the disk, is full. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { BlobStore } from '../../src/blobs/blob-store.ts'
import { BLOB_IN_MEMORY_BYTES_MAX } from '../../src/core/limits.ts'
import type { BlobId, BlobRef } from '../../src/core/types.ts'

const MEMORY_BYTES = 1_000_000

function refOf(bytes: Uint8Array): BlobRef {
  const blob = createHash('sha256').update(bytes).digest('hex') as BlobId
  return { blob, bytes: bytes.length }
}

async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(
    () => undefined,
    (error: unknown) => (error as { code?: string }).code ?? String(error)
  )
}

describe('the memory of a blob store', function () {
  this.timeout(20_000)
  let root: string
  let folder: string
  let store: BlobStore

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'p2pjobs-blobs-'))
    folder = join(root, 'blobs')
    mkdirSync(folder)
    store = new BlobStore(folder, { memoryBytesMax: MEMORY_BYTES })
  })
  afterEach(() => {
    rmSync(root, { recursive: true, force: true })
  })

  async function keep(bytes: Uint8Array): Promise<BlobRef> {
    await store.put(refOf(bytes), bytes)
    return refOf(bytes)
  }

  async function holds(ref: BlobRef, bytes: Buffer): Promise<void> {
    expect(bytes.equals(await store.bytesOf(ref))).to.equal(true)
  }

  it('takes as much as it may, files take what comes beyond, and room is used again', async () => {
    const all = [400_000, 600_000, 1].map((length) => randomBytes(length))
    const refs = await Promise.all(all.map(keep))
    expect(store.memoryBytes).to.equal(MEMORY_BYTES)
    expect(readdirSync(folder)).to.have.length(1)
    for (const [at, ref] of refs.entries()) await holds(ref, all[at]!)
    await store.release(refs[1]!.blob)
    expect(store.memoryBytes).to.equal(400_000)
    await keep(randomBytes(500_000))
    expect(store.memoryBytes).to.equal(900_000)
    expect(readdirSync(folder)).to.have.length(1)
  })

  it('counts what is on its way, so that many at a time stay within it, too', async () => {
    const all = Array.from({ length: 8 }, () => randomBytes(300_000))
    const gate = Promise.withResolvers<undefined>()
    const receiving = all.map((bytes) =>
      store.receive(refOf(bytes), async (write) => {
        await write(bytes)
        await gate.promise
      })
    )
    expect(store.memoryBytes).to.equal(900_000)
    gate.resolve(undefined)
    await Promise.all(receiving)
    expect(store.memoryBytes).to.equal(900_000)
    expect(readdirSync(folder)).to.have.length(5)
    for (const bytes of all) await holds(refOf(bytes), bytes)
  })

  it('is not for a blob that is very large', async () => {
    store = new BlobStore(folder)
    const ref = await keep(Buffer.alloc(BLOB_IN_MEMORY_BYTES_MAX + 1, 7))
    expect(store.memoryBytes).to.equal(0)
    await holds(ref, Buffer.alloc(BLOB_IN_MEMORY_BYTES_MAX + 1, 7))
    await keep(Buffer.alloc(BLOB_IN_MEMORY_BYTES_MAX, 7))
    expect(store.memoryBytes).to.equal(BLOB_IN_MEMORY_BYTES_MAX)
  })

  it('keeps nothing of what lies beside the bytes', async () => {
    const bytes = randomBytes(500_000).subarray(1_000, 2_000)
    const kept = await store.bytesOf(await keep(bytes))
    expect(kept.buffer.byteLength).to.equal(1_000)
    expect(bytes.equals(kept)).to.equal(true)
  })

  it('has the same bytes once, however many bring them', async () => {
    const bytes = randomBytes(300_000)
    const receive = (): Promise<void> =>
      store.receive(refOf(bytes), async (write) => {
        await Promise.resolve()
        await write(bytes)
      })
    await Promise.all([receive(), receive(), receive()])
    expect(store.memoryBytes).to.equal(300_000)
    const { blob } = refOf(bytes)
    for (let references = 3; references > 0; references--) {
      await holds(refOf(bytes), bytes)
      await store.release(blob)
    }
    expect(store.memoryBytes).to.equal(0)
  })

  it('is given back when the bytes do not come, come short, or are too many', async () => {
    const ref = refOf(randomBytes(1_000))
    const failing = store.receive(ref, async (write) => {
      await write(randomBytes(500))
      throw new Error('the link broke')
    })
    expect(await codeOf(failing)).to.equal('Error: the link broke')
    const short = store.receive(ref, async (write) => {
      await write(randomBytes(500))
    })
    expect(await codeOf(short)).to.equal('BLOB_DAMAGED')
    const long = store.receive(ref, async (write) => {
      await write(randomBytes(1_001))
    })
    expect(await codeOf(long)).to.be.a('string')
    expect(store.memoryBytes).to.equal(0)
    expect(store.size).to.equal(0)
  })

  it('gives a blob up for its file, which all who ask for it share', async () => {
    const bytes = randomBytes(300_000)
    const { blob } = await keep(bytes)
    const paths = await Promise.all([store.fileOf(blob), store.fileOf(blob)])
    expect(new Set([...paths, await store.fileOf(blob)]).size).to.equal(1)
    expect(readFileSync(paths[0]).equals(bytes)).to.equal(true)
    expect(store.memoryBytes).to.equal(0)
    expect(readdirSync(folder)).to.have.length(1)
  })

  it('leaves nothing behind of a blob that is released while its file is written', async () => {
    const bytes = randomBytes(300_000)
    const { blob } = await keep(bytes)
    const [asked] = await Promise.all([codeOf(store.fileOf(blob)), store.release(blob)])
    expect(asked).to.equal('BLOB_NOT_FOUND')
    expect(store.memoryBytes).to.equal(0)
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('keeps a blob that comes again while the file of the one before is removed', async () => {
    const bytes = randomBytes(300_000)
    const { blob } = await keep(bytes)
    const asked = codeOf(store.fileOf(blob))
    await Promise.all([store.release(blob), keep(bytes)])
    expect(await asked).to.equal('BLOB_NOT_FOUND')
    await holds(refOf(bytes), bytes)
    expect(store.memoryBytes).to.equal(300_000)
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('still has a blob whose file cannot be written, and writes it when that is possible', async () => {
    const bytes = randomBytes(300_000)
    const { blob } = await keep(bytes)
    rmSync(folder, { recursive: true })
    expect(await codeOf(store.fileOf(blob))).to.equal('ENOENT')
    await holds(refOf(bytes), bytes)
    expect(store.memoryBytes).to.equal(300_000)
    mkdirSync(folder)
    expect(readFileSync(await store.fileOf(blob)).equals(bytes)).to.equal(true)
  })

  it('says so when neither it nor the disk has room', async () => {
    const first = await keep(randomBytes(MEMORY_BYTES))
    rmSync(folder, { recursive: true })
    const bytes = randomBytes(1_000)
    expect(await codeOf(keep(bytes))).to.equal('ENOENT')
    expect(await codeOf(store.bytesOf(refOf(bytes)))).to.equal('BLOB_NOT_FOUND')
    await store.release(first.blob)
    await holds(await keep(bytes), bytes)
  })
})
