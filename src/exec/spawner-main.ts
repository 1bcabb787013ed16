/**
 * The spawner process: starts tasks for a node, so that the node itself never has to fork.
 *
 * Forking costs as much as the parent's memory is large, and a node's is large. The spawner is
 * also the guard: when the node dies, however it dies, the end of its standard input says so, and
 * the spawner ends every task before it ends itself.
 */
import { Socket } from 'node:net'
import { FrameReader, encodeFrame } from './frames.ts'
import { helperInput } from './helper-input.ts'
import { removeRemains } from './leftovers.ts'
import { identityOf } from './processes.ts'
import { packEvent, unpackRequest } from './spawner-codec.ts'
import type { SpawnerEvent, SpawnerInit } from './spawner-messages.ts'
import { Spawner } from './spawner.ts'

// process.stdout would block on a node that is stopped, and with it every limit of every task.
const output = new Socket({ fd: 1, readable: false, writable: true })

const owner = identityOf(process.pid)
const reader = new FrameReader(unpackRequest)

function send(event: SpawnerEvent): void {
  output.write(encodeFrame(packEvent(event)))
}

let init: SpawnerInit | undefined
let spawner: Spawner | undefined

function begin(given: SpawnerInit): void {
  init = given
  spawner = new Spawner(init, owner, send)
  send({ type: 'ready', owner })
}

function leave(isNodeGone: boolean): void {
  spawner?.close()
  if (isNodeGone && init !== undefined) removeRemains(init.remains, init.spool)
  process.exit(0)
}

// A node that is gone cannot be written to; that it is gone is learnt from its end of the input.
output.on('error', () => undefined)
helperInput(() => leave(true)).on('data', (chunk: Buffer) => {
  for (const request of reader.read(chunk)) {
    if (request.type === 'close') leave(false)
    else if (request.type === 'init') begin(request.init)
    else spawner?.handle(request)
  }
})
