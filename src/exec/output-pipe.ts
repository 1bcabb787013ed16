/**
 * What a task prints into: a named pipe that is used again for a later task once nobody can write
 * into it any more. Making files for each task instead costs up to a third of the rate of short
 * tasks, whatever they print.
 *
 * A short task's output fits into the pipe, and is read when the task has ended. If a task takes
 * longer, `listen` reads as it comes.
 */
import { closeSync, lstatSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { makeFifos, openToRead, readNow } from './fifo.ts'

type OnChunk = (chunk: Uint8Array) => void

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

  /** Hands on what is printed as it comes, until `finish`. */
  listen(onChunk: OnChunk): void {
    if (this.#socket !== undefined) return
    const socket = new Socket({ fd: this.#fd, readable: true, writable: false })
    this.#socket = socket
    socket.on('data', onChunk)
    // Reading a pipe does not fail; what there is to read would show at the end.
    socket.on('error', () => undefined)
    // Nobody writes: not any more, or not yet.
    socket.prependOnceListener('end', () => {
      if (this.#socket !== socket) return
      this.#leave(socket)
      this.listen(onChunk)
    })
  }

  /**
   * Reads what is left of a task that has ended. If a process that it left behind may still write
   * into the pipe, another one takes its place, and what leaves the old one alone is returned.
   */
  finish(onChunk: OnChunk): (() => void) | undefined {
    const left = this.#readAll(onChunk)
    const socket = this.#socket
    if (left === 0) {
      if (socket !== undefined) this.#leave(socket)
      return undefined
    }
    const fd = this.#fd
    socket?.pause()
    this.#socket = undefined
    this.#replace()
    return () => (socket === undefined ? closeSync(fd) : socket.destroy())
  }

  /** Replaces a pipe that somebody has removed: a shell would make a file in its place. */
  ensure(): void {
    if (lstatSync(this.path, { throwIfNoEntry: false })?.isFIFO() === true) return
    const old = this.#fd
    this.#replace()
    closeSync(old)
  }

  #replace(): void {
    rmSync(this.path, { force: true })
    makeFifos([this.path])
    this.#fd = openToRead(this.path)
  }

  /** Opened again before it is closed: a writer that comes just now must find a reader. */
  #leave(socket: Socket): void {
    this.#socket = undefined
    this.#fd = openToRead(this.path)
    socket.destroy()
  }

  /** 0 if nobody has it open any more. A process that was left behind is not listened to for long. */
  #readAll(onChunk: OnChunk): 0 | undefined {
    for (let bytes = 0; bytes <= LEFT_BYTES_MAX;) {
      const read = readNow(this.#fd, buffer)
      if (read === undefined || read === 0) return read
      onChunk(Uint8Array.prototype.slice.call(buffer, 0, read))
      bytes += read
    }
    return undefined
  }
}
