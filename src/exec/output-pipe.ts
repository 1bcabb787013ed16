/**
 * What a task prints into: a named pipe that is used again for a later task once nobody can write
 * into it any more. Making a file for each task costs up to a third of the rate of short tasks.
 *
 * A short task's output fits into the pipe, and is read when the task has ended. If it takes
 * longer, `listen` reads as it comes.
 */
import { closeSync, unlinkSync } from 'node:fs'
import { Socket } from 'node:net'
import { makeFifos, openToRead, readNow } from './fifo.ts'

const buffer = Buffer.allocUnsafe(64 * 1024)
/** More than a pipe holds that a user has made as large as it can be. */
const LEFT_BYTES_MAX = 4 * 1024 * 1024

export class OutputPipe {
  readonly path: string
  #fd: number
  #socket: Socket | undefined

  /** @param path a named pipe */
  constructor(path: string) {
    this.path = path
    this.#fd = openToRead(path)
  }

  /** Hands on what is printed, as it comes. Can be called again: it goes on where it ended. */
  listen(onChunk: (chunk: Uint8Array) => void): void {
    if (this.#socket !== undefined) return
    const socket = new Socket({ fd: this.#fd, readable: true, writable: false })
    this.#socket = socket
    socket.on('data', onChunk)
    // Nothing but a read fails, and what there is to read shows at the end.
    socket.on('error', () => undefined)
    // Nobody writes: not any more, or not yet.
    socket.prependOnceListener('end', () => this.#leave(socket))
  }

  /**
   * Reads what is left of a task that has ended. If a process that it left behind may still write
   * into the pipe, another one takes its place, and what leaves the old one alone is returned.
   */
  finish(onChunk: (chunk: Uint8Array) => void): (() => void) | undefined {
    const left = this.#readAll(onChunk)
    const socket = this.#socket
    if (left === 0) {
      if (socket !== undefined) this.#leave(socket)
      return undefined
    }
    const fd = this.#fd
    socket?.pause()
    this.#socket = undefined
    unlinkSync(this.path)
    makeFifos([this.path])
    this.#fd = openToRead(this.path)
    return () => (socket === undefined ? closeSync(fd) : socket.destroy())
  }

  /** Opened again before it is closed: a writer that comes just now must find a reader. */
  #leave(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    this.#fd = openToRead(this.path)
    socket.destroy()
  }

  /** 0 if nobody has it open any more. A process that was left behind is not listened to for long. */
  #readAll(onChunk: (chunk: Uint8Array) => void): 0 | undefined {
    for (let bytes = 0; bytes <= LEFT_BYTES_MAX;) {
      const read = readNow(this.#fd, buffer)
      if (read === undefined || read === 0) return read
      onChunk(Uint8Array.prototype.slice.call(buffer, 0, read))
      bytes += read
    }
    return undefined
  }
}
