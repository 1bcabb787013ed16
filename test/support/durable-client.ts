/**
 * A program that puts into or takes from a durable queue, in a loop.
 *
 *     node durable-client.ts put|get|lease ADDRESS NAME
 *
 * Prints one JSON object for each item, once the manager has acknowledged it (put) or when it has
 * come (get, lease). Ends when its input does (put), or when the queue is deleted (get, lease).
 */
import { Manager } from '../../src/index.ts'

const [, , mode = '', address = '', name = ''] = process.argv
/** Puts under way at the same time. */
const PUTTERS = 4

function print(event: string, fields: object = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
}

await using manager = await Manager.connect('kept', {
  ...{ join: [address], awayMs: 120_000 },
  ...{ mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'], nodeName: name }
})
const queue = manager.joinableQueue<string>('items', { maxsize: 50 })
print('ready', { addresses: manager.addresses })

if (mode === 'put') {
  let isEnding = false
  process.stdin.resume().once('end', () => (isEnding = true))
  let items = 0
  const put = async (): Promise<void> => {
    while (!isEnding) {
      const item = `${name}-${items++}`
      await queue.put(item)
      print('put', { item })
    }
  }
  await Promise.all(Array.from({ length: PUTTERS }, put))
} else if (mode === 'lease') {
  for await (const leased of queue.leases()) {
    print('got', { item: leased.value })
    await leased.ack()
  }
} else {
  for await (const item of queue) {
    print('got', { item })
    await queue.taskDone()
  }
}
