/**
 * A durable manager as a process, to be killed.
 *
 *     node durable-manager.ts [ADDRESS...]
 *
 * Prints its own addresses as JSON once it serves.
 */
import { Manager } from '../../src/index.ts'

const [, , ...join] = process.argv

const manager = await Manager.start({
  ...{ name: 'kept', durable: true, join },
  ...{ mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }
})
process.stdout.write(`${JSON.stringify({ event: 'serves', addresses: manager.addresses })}\n`)
