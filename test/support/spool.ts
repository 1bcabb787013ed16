/** Kept results, in a folder that goes with its test. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { KEEP_DURABLE_MS } from '../../src/core/limits.ts'
import type { Report } from '../../src/core/messages.ts'
import type { BlobRef, NodeId } from '../../src/core/types.ts'
import type { KeptFor } from '../../src/core/worker/events.ts'
import { Spool } from '../../src/spool/spool.ts'
import { blobOf } from './blobs.ts'
import { aResult, ref } from './machines.ts'

export function whoseOf(master: string, epoch = 'epoch-1'): KeptFor {
  return { master: master as NodeId, epoch, keepMs: KEEP_DURABLE_MS }
}

export function aReport(task: number, value = ''): Report {
  return { ...ref(task), result: { ...aResult(), value: Buffer.from(value) } }
}

/** For reports without blobs. */
export const noBlob = (): string => expect.fail('there is no blob')

/** The tasks that are kept, by master and epoch. */
export function tasksIn(spool: Spool): Record<string, number[]> {
  return Object.fromEntries(
    spool.kept.map(({ master, epoch, reports }) => [
      `${master} ${epoch}`,
      reports.map(({ task }) => task)
    ])
  )
}

/** A folder, and spools that are opened in it one after the other. */
export class SpoolFolder {
  readonly root = mkdtempSync(join(tmpdir(), 'p2pjobs-spool-'))
  readonly folder = join(this.root, 'spool')
  readonly log = join(this.folder, 'results.log')
  readonly problems: string[] = []
  #open: Spool | undefined

  constructor() {
    mkdirSync(this.folder)
  }

  /** A file outside of the spool with these bytes. */
  file(name: string, bytes: Uint8Array): { path: string; stdout: BlobRef } {
    const path = join(this.root, name)
    writeFileSync(path, bytes)
    return { path, stdout: { blob: blobOf(bytes), bytes: bytes.length } }
  }

  async open(bytesMax?: number): Promise<Spool> {
    await this.close()
    const onProblem = (text: string): number => this.problems.push(text)
    const limits = bytesMax === undefined ? {} : { bytesMax }
    this.#open = await Spool.open({ folder: this.folder, onProblem, ...limits })
    return this.#open
  }

  async close(): Promise<void> {
    await this.#open?.close()
    this.#open = undefined
  }

  async end(): Promise<void> {
    await this.close()
    rmSync(this.root, { recursive: true, force: true })
  }
}
