/**
 * A wall clock for one process that a test can set, by libfaketime. The monotonic clock goes on
 * undisturbed, as when a person or a time server sets the clock of a machine.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LIBRARIES = '/usr/lib'
const LIBRARY = 'faketime/libfaketime.so.1'

/** For a mocha `before`: skips the whole suite, saying why, where the library is missing. */
export function skipWithoutFakeClock(context: Mocha.Context): void {
  if (libraryPath() !== undefined) return
  console.error('skipped: setting the clock of one process needs libfaketime (package faketime)')
  context.skip()
}

export class FakeClock {
  readonly #file: string

  /** `folder`: an existing one. The clock is right at first. */
  constructor(folder: string) {
    this.#file = join(folder, 'clock')
    this.set('+0')
  }

  /** What a process needs in its environment to have this clock. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: libraryPath() ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      DONT_FAKE_MONOTONIC: '1'
    }
  }

  /** Sets the clock, by how much it is wrong: `+1h`, `-3600`. */
  set(offset: string): void {
    writeFileSync(this.#file, offset)
  }
}

function libraryPath(): string | undefined {
  if (!existsSync(LIBRARIES)) return undefined
  return ['', ...readdirSync(LIBRARIES)]
    .map((folder) => join(LIBRARIES, folder, LIBRARY))
    .find((path) => existsSync(path))
}
