/**
 * What a child says to its node. Frames are gathered until they are flushed, and then written at
 * once and to the end: what was flushed before a crash is not lost, and a node that is behind
 * makes the child wait.
 */
import { writeSync } from 'node:fs'
import { FrameWriter } from '../child-frames.ts'

export class Outbox extends FrameWriter {
  readonly #fd: number

  constructor(fd: number) {
    super()
    this.#fd = fd
  }

  flush(): void {
    if (this.isEmpty) return
    try {
      this.drainTo((bytes) => this.#write(bytes))
    } catch {
      // The node is gone, or a task has closed the pipe: either way nobody hears this process any
      // more, and it must not go on unheard. Its death says as much as it still could.
      process.kill(process.pid, 'SIGKILL')
    }
  }

  #write(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) at += writeSync(this.#fd, bytes, at)
  }
}
