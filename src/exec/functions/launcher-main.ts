/**
 * The launcher process: starts the processes that run functions, so that the node never has to fork
 * (which costs it the more, the more memory it has).
 *
 * It is also the guard: when the node dies, however it dies, the end of its standard input says so,
 * and the launcher ends every child before it ends itself.
 */
import { rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { helperInput } from '../helper-input.ts'
import { removeRemains } from '../leftovers.ts'
import { identityOf } from '../processes.ts'
import type { LauncherEvent, LauncherRequest } from './launcher-messages.ts'
import { Launcher } from './launcher.ts'

/** What children have on disk, and what their node has. */
const [folder = '', remains] = process.argv.slice(2)
const launcher = new Launcher(identityOf(process.pid), send)

function send(event: LauncherEvent, pipe?: Socket): void {
  // What cannot be said to a node that is gone is not said; that it is gone is learnt below.
  if (process.connected) process.send?.(event, pipe, {}, () => undefined)
}

function leave(isNodeGone: boolean): void {
  launcher.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  if (isNodeGone) removeRemains(remains, folder)
  process.exit(0)
}

helperInput(() => leave(true)).resume()
process.on('message', (message) => {
  const request = message as LauncherRequest
  if (request.type === 'close') leave(false)
  else launcher.handle(request)
})
send({ type: 'ready' })
