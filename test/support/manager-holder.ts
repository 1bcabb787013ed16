/**
 * A program that holds and waits for something of each kind, until it is killed.
 *
 *     node manager-holder.ts ADDRESS
 *
 * Prints `ready` as a JSON object once it does.
 */
import { Manager } from '../../src/index.ts'
import { holdAndWait } from './manager-losses.ts'

const [, , address = ''] = process.argv
const manager = await Manager.connect('shared', {
  join: [address],
  ...{ mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
})
await holdAndWait(manager)
process.stdout.write(`${JSON.stringify({ event: 'ready' })}\n`)
