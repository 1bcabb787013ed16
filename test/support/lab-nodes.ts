/**
 * The program on hosts of a lab, each process with a home of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LineProcess } from './line-process.ts'
import { Netlab } from './netlab.ts'
import { PROGRAM } from './program.ts'

export class LabNodes {
  readonly lab: Netlab
  /** Of the processes that were started, in this order. */
  readonly homes: string[] = []

  /** A lab of so many hosts on which nothing runs yet. */
  static async up(hosts: number): Promise<LabNodes> {
    return new LabNodes(await Netlab.up(hosts))
  }

  private constructor(lab: Netlab) {
    this.lab = lab
  }

  /** Starts the program on a host, in a new home unless one is named; a token says of which network. */
  start(
    host: number,
    words: readonly string[],
    token?: string,
    home = mkdtempSync(join(tmpdir(), 'p2pjobs-lab-'))
  ): LineProcess {
    this.homes.push(home)
    const env = { ...process.env, P2PJOBS_HOME: home, ...(token && { P2PJOBS_TOKEN: token }) }
    return this.lab.spawn(host, process.execPath, [PROGRAM, ...words], { env })
  }

  /** Ends what runs, and leaves nothing behind. */
  async down(): Promise<void> {
    await this.lab.down()
    for (const home of this.homes) rmSync(home, { recursive: true, force: true })
  }
}
