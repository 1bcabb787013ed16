/**
 * The standard input of a helper process: by its end the helper learns that its node is gone.
 *
 * The node holds the other end, and the system closes that with it, however and whenever it dies.
 * The end of an IPC channel cannot take its place: while the receipt of a handle is outstanding,
 * Node does not tell of it, and a dead node never sends one.
 */
import { Socket } from 'node:net'

/** The input, which is to be read; `leave` has to end the process. */
export function helperInput(leave: () => void): Socket {
  // Only the node says when to leave: whoever ends the whole service wants it to drain first.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const input = new Socket({ fd: 0, readable: true, writable: false })
  return input.on('error', leave).on('end', leave)
}
