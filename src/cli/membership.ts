/**
 * Waiting for others to show up, and what to check when nobody does.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Node } from '../node/node.ts'

const ALONE_MS = 5_000
const LOOK_MS = 50

const ADVICE =
  'no other node has been found yet; check that the others run `p2pjobs node` with the same ' +
  'token, that they are on the same LAN, that no firewall blocks UDP 5353 or the TCP port, ' +
  'and where multicast does not work, name one of them with --join MULTIADDR'

/** How many other members are there now. */
export function aliveMembers({ network }: Node): number {
  return network?.members.filter(({ status }) => status === 'alive').length ?? 0
}

/** Says once what to check, if the node is still alone after five seconds. */
export function aloneAdvice(node: Node, say: (text: string) => void): void {
  const timer = setTimeout(() => {
    if (aliveMembers(node) === 0) say(ADVICE)
  }, ALONE_MS)
  timer.unref()
}

/** Waits until so many other members are there; false when the time is over or it was aborted. */
export async function waitForMembers(
  node: Node,
  count: number,
  timeoutMs: number,
  signal: AbortSignal
): Promise<boolean> {
  const until = performance.now() + timeoutMs
  while (aliveMembers(node) < count) {
    if (signal.aborted || performance.now() > until) return false
    await delay(LOOK_MS)
  }
  return true
}
