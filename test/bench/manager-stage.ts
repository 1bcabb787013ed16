/**
 * The programs around a manager, as processes: ours in one of its forms, or Python's.
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createCredentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import type { JsonLine } from '../support/line-process.ts'
import { LineProcess } from '../support/line-process.ts'
import { Programs } from '../support/program.ts'
import type { Form, Role } from './manager-client.ts'

export const PYTHON = 'BaseManager'
export type System = Form | typeof PYTHON

/** Nothing that is measured takes so long. */
const LIMIT_MS = 10 * 60_000

/** A program that is ready, and does what it is told. */
export class Actor {
  readonly #process: LineProcess

  constructor(process: LineProcess) {
    this.#process = process
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Has it do its part so many times; resolves to what it has measured. */
  async do(count: number): Promise<JsonLine> {
    const done = this.#process.nextJsonLine(({ event }) => event === 'done', LIMIT_MS)
    this.#process.child.stdin.write(`${count}\n`)
    return await done
  }
}

export class Stage {
  readonly system: System
  readonly #programs = new Programs()
  readonly #started: LineProcess[] = []
  readonly #env: NodeJS.ProcessEnv

  constructor(system: System) {
    this.system = system
    const token = encodeToken(createCredentials(), 'work')
    this.#env = { ...process.env, P2PJOBS_TOKEN: token, P2PJOBS_HOME: this.#programs.home() }
  }

  get pids(): number[] {
    return this.#started.map(({ pid }) => pid)
  }

  /** Starts a program; the first is to `serve`, and the others connect with it. */
  async start(role: Role): Promise<Actor> {
    const address = (this.#started[0]?.json[0]?.['address'] ?? '') as string
    const [command, ...words] = this.#command()
    const started = new LineProcess(
      spawn(command, [...words, role, address, this.system], { env: this.#env })
    )
    this.#started.push(started)
    await started.jsonLine(({ event }) => event === 'ready', LIMIT_MS)
    return new Actor(started)
  }

  #command(): [command: string, ...words: string[]] {
    const script = this.system === PYTHON ? 'base_manager.py' : 'manager-client.ts'
    const path = fileURLToPath(new URL(script, import.meta.url))
    return this.system === PYTHON ? ['python3', path] : [process.execPath, '--expose-gc', path]
  }

  /** Ends all programs, the server last. */
  async end(): Promise<void> {
    for (const started of this.#started.toReversed()) await started.stop()
    await this.#programs.end()
  }
}
