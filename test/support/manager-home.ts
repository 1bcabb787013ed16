/** Managers of one network on loopback, with a home of their own; all are closed in the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Manager } from '../../src/index.ts'
import type { ConnectOptions, ManagerOptions } from '../../src/index.ts'
import { createCredentials } from '../../src/trust/credentials.ts'
import type { Credentials } from '../../src/trust/credentials.ts'
import { encodeToken } from '../../src/trust/token.ts'
import { Cable } from './cable.ts'

const LOOPBACK = { mdns: false, listen: ['/ip4/127.0.0.1/tcp/0'] }

export class ManagerHome {
  readonly home = mkdtempSync(join(tmpdir(), 'p2pjobs-manager-'))
  readonly credentials: Credentials = createCredentials()
  readonly token = encodeToken(this.credentials, 'work')
  readonly #before = process.env['P2PJOBS_HOME']
  readonly #others: string[] = []
  readonly #open: Manager[] = []
  readonly #cables: Cable[] = []

  constructor() {
    process.env['P2PJOBS_HOME'] = this.home
  }

  async local(): Promise<Manager> {
    return this.#keep(await Manager.start({ local: true }))
  }

  async serve(options: ManagerOptions = {}): Promise<Manager> {
    const { token } = this
    return this.#keep(await Manager.start({ name: 'shared', token, ...LOOPBACK, ...options }))
  }

  async connect(server: Manager, options: ConnectOptions = {}): Promise<Manager> {
    const join = server.addresses
    const { token } = this
    const given = { token, join, ...LOOPBACK, ...options }
    return this.#keep(await Manager.connect(server.name, given))
  }

  /** One that is connected by a cable, which can be cut. */
  async connectByCable(server: Manager, options: ConnectOptions = {}): Promise<[Manager, Cable]> {
    const address = server.addresses[0]!
    const cable = await Cable.to(Number(/\/tcp\/(\d+)/.exec(address)?.[1]))
    this.#cables.push(cable)
    const join = [`/ip4/127.0.0.1/tcp/${cable.port}/p2p/${address.split('/p2p/')[1]}`]
    return [await this.connect(server, { ...options, join }), cable]
  }

  /** A folder for another program's home. */
  other(): string {
    const folder = mkdtempSync(join(tmpdir(), 'p2pjobs-manager-'))
    this.#others.push(folder)
    return folder
  }

  /** Closes all that are open. */
  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((manager) => manager.close()))
    await Promise.all(this.#cables.splice(0).map((cable) => cable.close()))
  }

  async end(): Promise<void> {
    await this.close()
    if (this.#before === undefined) delete process.env['P2PJOBS_HOME']
    else process.env['P2PJOBS_HOME'] = this.#before
    for (const folder of [this.home, ...this.#others]) {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  #keep(manager: Manager): Manager {
    this.#open.push(manager)
    return manager
  }
}
