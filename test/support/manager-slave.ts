/**
 * A slave as a process: takes jobs of a manager, and puts the finished ones back.
 *
 *     node manager-slave.ts ADDRESS NAME
 *
 * Prints one JSON object per line. Of the job `hold` it only says that it has it.
 */
import { Manager } from '../../src/index.ts'

const [, , address = '', name = ''] = process.argv

function print(event: string, fields: object = {}): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`)
}

await using manager = await Manager.connect('jobs', {
  join: [address],
  ...{ mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'], nodeName: name }
})
print('ready')
const finished = manager.queue<[slave: string, job: string]>('finished')
for await (const job of manager.joinableQueue<string>('dispatched').leases()) {
  print('took', { job: job.value })
  if (job.value === 'hold') await new Promise(() => setInterval(() => undefined, 60_000))
  await finished.put([name, job.value])
  await job.ack()
}
