/**
 * What one libp2p stream carries there and back between two processes, set up as ours are, with
 * nothing of ours on top: the measure for large payloads. Prints MiB a second, each byte counted
 * once, as one line of JSON.
 *
 *     node raw-stream.ts MIB
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { LineProcess } from '../support/line-process.ts'
import { builtModule } from './dist.ts'

const PROTOCOL = '/bench/echo/1.0.0'
const MIB = 1024 * 1024
const CHUNK_BYTES = 64 * 1024

async function startNode(listen: readonly string[]): Promise<Libp2p> {
  const { createNetworkNode, privateKeyOf } = (await import(
    builtModule('net/libp2p.js')
  )) as typeof import('../../src/net/libp2p.ts')
  const privateKey = await privateKeyOf(randomBytes(32))
  const node = await createNetworkNode({ privateKey, prologue: new Uint8Array(32), listen })
  await node.start()
  return node
}

async function drained(stream: Stream): Promise<void> {
  if (!stream.writableNeedsDrain) return
  await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }))
}

/** Sends back what comes, and takes no more than it can send. */
function echo(stream: Stream): void {
  stream.addEventListener('message', ({ data }) => {
    if (stream.send(data)) return
    queueMicrotask(() => stream.pause())
    stream.addEventListener('drain', () => stream.resume(), { once: true })
  })
}

async function serve(): Promise<void> {
  const node = await startNode(['/ip4/127.0.0.1/tcp/0'])
  await node.handle(PROTOCOL, echo)
  process.stdout.write(`${node.getMultiaddrs()[0]?.toString() ?? ''}\n`)
}

async function measure(mib: number): Promise<number> {
  const words = [fileURLToPath(import.meta.url), 'serve']
  const server = new LineProcess(spawn(process.execPath, words, { stdio: 'pipe' }))
  const node = await startNode([])
  try {
    const address = await server.line(/^\/ip4/)
    const stream = await node.dialProtocol(multiaddr(address), PROTOCOL)
    await roundTrip(stream, MIB)
    const since = performance.now()
    await roundTrip(stream, mib * MIB)
    return mib / ((performance.now() - since) / 1_000)
  } finally {
    await node.stop()
    await server.stop()
  }
}

async function roundTrip(stream: Stream, bytes: number): Promise<void> {
  const back = Promise.withResolvers<undefined>()
  let received = 0
  const count = ({ data }: { data: { byteLength: number } }): void => {
    received += data.byteLength
    if (received === bytes) back.resolve(undefined)
  }
  stream.addEventListener('message', count)
  const chunk = randomBytes(CHUNK_BYTES)
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
    if (!stream.send(chunk)) await drained(stream)
  }
  await back.promise
  stream.removeEventListener('message', count)
}

const [what = '200'] = process.argv.slice(2)
if (what === 'serve') await serve()
else process.stdout.write(`${JSON.stringify({ mibPerS: await measure(Number(what)) })}\n`)
