/**
 * The nodes of a campaign: one master and some workers, each on a host of its own, each with a
 * home that outlives its processes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LineProcess } from '../support/line-process.ts'
import { Netlab } from '../support/netlab.ts'
import { PROGRAM } from '../support/program.ts'

const MASTER_HOST = 1
/** Leases of a campaign: short, so that what is lost comes back soon. */
const LEASE = '3s'

export class ChaosNode {
  readonly name: string
  readonly host: number
  readonly home: string
  readonly #lab: Netlab
  readonly #words: readonly string[]
  readonly #mark: string
  #process: LineProcess | undefined

  constructor(lab: Netlab, host: number, name: string, words: readonly string[], mark: string) {
    this.#lab = lab
    this.host = host
    this.name = name
    this.#words = words
    this.#mark = mark
    this.home = mkdtempSync(join(tmpdir(), `p2pjobs-chaos-${name}-`))
  }

  /** Starts its process, with the home that the last one left. */
  start(token?: string): LineProcess {
    const env = {
      ...process.env,
      P2PJOBS_HOME: this.home,
      P2PJOBS_CHAOS: this.#mark,
      ...(token !== undefined && { P2PJOBS_TOKEN: token })
    }
    const words = [PROGRAM, 'node', '--json', '--name', this.name, ...this.#words]
    this.#process = this.#lab.spawn(this.host, process.execPath, words, { env })
    return this.#process
  }

  get process(): LineProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`)
    return this.#process
  }

  async kill(): Promise<void> {
    await this.process.stop('SIGKILL')
  }

  pause(): void {
    this.process.kill('SIGSTOP')
  }

  resume(): void {
    this.process.kill('SIGCONT')
  }

  async cut(): Promise<void> {
    await this.#lab.cut(this.host)
  }

  async heal(): Promise<void> {
    await this.#lab.heal(this.host)
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true })
  }
}

export interface ChaosNetwork {
  readonly master: ChaosNode
  readonly workers: readonly ChaosNode[]
  down(): Promise<void>
}

/** Starts a master and so many workers, and waits until all have met. */
export async function startNetwork(workers: number, mark: string): Promise<ChaosNetwork> {
  const lab = await Netlab.up(1 + workers)
  const flags = ['--master', '--slots', '0', '--lease', LEASE]
  const master = new ChaosNode(lab, MASTER_HOST, 'master', flags, mark)
  const all = [master]
  const down = async (): Promise<void> => {
    await lab.down()
    for (const node of all) node.remove()
  }
  try {
    const { token } = await master.start().jsonLine(({ event }) => event === 'network')
    for (let worker = 1; worker <= workers; worker++) {
      const node = new ChaosNode(lab, 1 + worker, `worker${worker}`, ['--slots', '2'], mark)
      all.push(node)
      node.start(String(token))
    }
    for (const { name } of all.slice(1)) {
      await master.process.jsonLine((line) => line['name'] === name && line['status'] === 'alive')
    }
    return { master, workers: all.slice(1), down }
  } catch (error) {
    await down()
    throw error
  }
}
