/**
 * Discovery alone as a process, for tests that need one on each of several hosts.
 *
 *     node discover.ts SERVICE-TAG PEER PORT
 *
 * Prints one JSON object per line: `ready` with the interfaces, `sighting`, `gone`, `notice`.
 * Says goodbye on SIGTERM, and then ends because nothing is left to do.
 */
import { startDiscovery } from '../../src/net/mdns.ts'

const [, , serviceTag = '', peer = '', port = ''] = process.argv

function print(event: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
}

const discovery = startDiscovery({
  serviceTag,
  peer,
  ports: () => [Number(port)],
  onSighting: (sighting) => print('sighting', sighting),
  onGone: (gone) => print('gone', { peer: gone }),
  onNotice: (text) => print('notice', { text })
})
process.once('SIGTERM', () => void discovery.stop())
print('ready', { interfaces: discovery.interfaces })
