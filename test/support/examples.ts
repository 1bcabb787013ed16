/** The example frames of docs/PROTOCOL.md. */
import { readFileSync } from 'node:fs'

const DOCUMENT = new URL('../../docs/PROTOCOL.md', import.meta.url)

/** Each is one whole frame, by the name of its message. */
export function examples(): [name: string, frame: Uint8Array][] {
  const text = readFileSync(DOCUMENT, 'utf8')
  return [...text.matchAll(/^([a-z]+) +((?:[0-9a-f]{2})+)$/gm)].map(([, name, hex]) => [
    name ?? '',
    Buffer.from(hex ?? '', 'hex')
  ])
}

export function exampleOf(name: string): Uint8Array {
  return new Map(examples()).get(name)!
}
