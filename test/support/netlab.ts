/**
 * Several hosts on one machine: network namespaces on a bridge, driven by netlab.sh.
 *
 * Hosts are numbered 1, 2, 3, ...; each has one interface, `eth0`, with its own address. Each lab
 * has a name and subnet of its own, so that labs can be up at once, and takes everything down
 * with it, also what an interrupted run left behind. Needs root, `ip` and `nft`.
 */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { LineProcess } from './line-process.ts'

const run = promisify(execFile)
const SCRIPT = fileURLToPath(new URL('netlab.sh', import.meta.url))
const ROOT = join(tmpdir(), 'p2pjobs-netlab')
const COMMAND_MS = 60_000
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024

/** Why there can be no lab on this machine; undefined if there can. */
export function netlabMissing(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  for (const tool of ['ip', 'nft', 'bash']) {
    const found = spawnSync(tool, ['--version'], { stdio: 'ignore' })
    const works = found.error === undefined
    if (!works)
      return `network namespaces need the program \`${tool}\` (packages iproute2, nftables)`
  }
  const name = `p2j${randomInt(1e6)}`
  const made = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' })
  if (made.status !== 0) return `network namespaces cannot be made here: ${made.stderr.trim()}`
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore' })
  return undefined
}

/**
 * For a mocha `before`: skips the whole suite, saying why, where there can be no lab.
 */
export function skipWithoutNetlab(context: Mocha.Context): void {
  const reason = netlabMissing()
  if (reason === undefined) return
  console.error(`skipped: ${reason}`)
  context.skip()
}

export class Netlab {
  /** Number of hosts. */
  readonly size: number
  readonly #prefix: string
  readonly #subnet: string
  readonly #processes = new Set<LineProcess>()
  readonly #onExit = (): void => this.#downNow()
  #cables = 0

  /** Use `Netlab.up`. */
  private constructor(size: number) {
    this.size = size
    this.#prefix = `p${randomInt(36 ** 3, 36 ** 4).toString(36)}`
    this.#subnet = `10.${randomInt(64, 128)}.${randomInt(0, 256)}`
  }

  /** Makes a lab of `size` hosts that all hear each other. */
  static async up(size: number): Promise<Netlab> {
    sweep()
    const lab = new Netlab(size)
    mkdirSync(lab.#folder, { recursive: true })
    process.on('exit', lab.#onExit)
    try {
      await lab.#netlab('up', String(size))
    } catch (error) {
      await lab.down()
      throw error
    }
    return lab
  }

  /** The IPv4 address of a host's eth0. */
  address(host: number): string {
    return readFileSync(join(this.#folder, `ip.${host}`), 'utf8').trim()
  }

  /** The name of a host's namespace. */
  namespace(host: number): string {
    return `${this.#prefix}${host}`
  }

  /** Runs a command on a host to its end; rejects if it fails. */
  async exec(
    host: number,
    command: string,
    ...args: string[]
  ): Promise<{ stdout: string; stderr: string }> {
    const inside = ['netns', 'exec', this.namespace(host), command, ...args]
    return await run('ip', inside, { timeout: COMMAND_MS, maxBuffer: OUTPUT_BYTES_MAX })
  }

  /** Starts a command on a host. Its pid, streams and end are those of the command itself. */
  spawn(
    host: number,
    command: string,
    args: readonly string[] = [],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}
  ): LineProcess {
    const inside = ['netns', 'exec', this.namespace(host), command, ...args]
    const started = new LineProcess(spawn('ip', inside, { ...options, stdio: 'pipe' }))
    this.#processes.add(started)
    void started.ended.then(() => this.#processes.delete(started))
    return started
  }

  /** Starts a script with this Node on a host. */
  spawnNode(
    host: number,
    script: string | URL,
    args: readonly string[] = [],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}
  ): LineProcess {
    const path = typeof script === 'string' ? script : fileURLToPath(script)
    return this.spawn(host, process.execPath, [path, ...args], options)
  }

  /** `drop`: nothing arrives any more, and nobody is told. `link`: the cable is pulled. */
  async cut(host: number, how: 'drop' | 'link' = 'drop'): Promise<void> {
    await this.#netlab('cut', String(host), how)
  }

  /** Undoes `cut`, `loss` and `delay` of a host. */
  async heal(host: number): Promise<void> {
    await this.#netlab('heal', String(host))
  }

  /** Drops everything between two groups of hosts, until `unsplit`. */
  async split(one: readonly number[], other: readonly number[]): Promise<void> {
    await this.#netlab('split', one.join(','), other.join(','))
  }

  async unsplit(): Promise<void> {
    await this.#netlab('unsplit')
  }

  /** Loses this percentage of what leaves and enters a host, until `heal`. */
  async loss(host: number, percent: number): Promise<void> {
    await this.#netlab('loss', String(host), String(percent))
  }

  /**
   * Delays what leaves and enters a host by so many milliseconds each way, until `heal`.
   * Needs tc with netem, or python3 in its place.
   */
  async delay(host: number, delayMs: number): Promise<void> {
    await this.#netlab('delay', String(host), String(delayMs))
  }

  /** Gives a host another address of the subnet, by its last number (101 to 254). */
  async move(host: number, lastNumber: number): Promise<void> {
    await this.#netlab('addr', String(host), `${this.#subnet}.${lastNumber}`)
  }

  /** Deletes a host's eth0 and makes it again with the same address. */
  async rawdrop(host: number): Promise<void> {
    await this.#netlab('rawdrop', String(host))
  }

  /** Takes away all routes of a host but that of its own subnet, also the one for multicast. */
  async noRoutes(host: number): Promise<void> {
    await this.exec(host, 'ip', 'route', 'del', '224.0.0.0/4')
  }

  /**
   * Puts a firewall on a host: nft rules for what arrives on its eth0, one per line, for instance
   * `udp dport 5353 drop`. Replaces a former one; no rules, no firewall.
   */
  async firewall(host: number, ...rules: string[]): Promise<void> {
    const table = 'inet p2pjobs_lab'
    const lines = [
      'type filter hook input priority 0; policy accept;',
      'iifname "lo" accept',
      ...rules
    ]
    const chain = `table ${table} {\n chain input {\n ${lines.join('\n')}\n }\n}`
    // Deleting what is not there is an error, so it is made first.
    const commands = [`add table ${table}`, `delete table ${table}`, rules.length > 0 ? chain : '']
    await this.exec(host, 'nft', commands.join('\n'))
  }

  /** A firewall that lets no TCP connection in; the host can still make its own. */
  async noInboundTcp(host: number): Promise<void> {
    await this.firewall(host, 'tcp flags & (syn | ack) == syn drop')
  }

  /**
   * Connects two hosts directly by a second interface of the same name on both.
   * @returns the name of the interface, and the addresses of the first and the second host on it
   */
  async cable(one: number, other: number): Promise<{ name: string; addresses: [string, string] }> {
    const name = `eth${++this.#cables}`
    const addresses: [string, string] = [`10.63.${this.#cables}.1`, `10.63.${this.#cables}.2`]
    const ends = ['netns', this.namespace(one), 'type', 'veth', 'peer', 'name', name]
    await run('ip', ['link', 'add', name, ...ends, 'netns', this.namespace(other)])
    for (const [index, host] of [one, other].entries()) {
      await this.exec(host, 'ip', 'addr', 'add', `${addresses[index] ?? ''}/24`, 'dev', name)
      await this.exec(host, 'ip', 'link', 'set', name, 'up')
    }
    return { name, addresses }
  }

  /** Ends what still runs and takes everything away; also after a failure, and more than once. */
  async down(): Promise<void> {
    await Promise.all([...this.#processes].map((running) => running.stop('SIGKILL')))
    await this.#netlab('down')
    rmSync(this.#folder, { recursive: true, force: true })
    process.off('exit', this.#onExit)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down()
  }

  get #folder(): string {
    return folderOf(this.#prefix, process.pid)
  }

  async #netlab(...args: string[]): Promise<void> {
    const env = { ...process.env, NETLAB: this.#prefix, NETLAB_NET: this.#subnet }
    await run('bash', [SCRIPT, ...args], {
      env: { ...env, NETLAB_DIR: this.#folder },
      timeout: COMMAND_MS
    })
  }

  /** For the end of an interrupted run, when nothing can be waited for. */
  #downNow(): void {
    for (const running of this.#processes) running.kill('SIGKILL')
    downSync(this.#prefix, process.pid)
  }
}

/** Takes down the labs of runs that did not come to it themselves. */
function sweep(): void {
  mkdirSync(ROOT, { recursive: true })
  for (const folder of readdirSync(ROOT)) {
    const [prefix = '', owner = ''] = folder.split('.')
    if (!isAlive(Number(owner))) downSync(prefix, Number(owner))
  }
}

/** The folder tells whose lab it is from the moment it exists. */
function folderOf(prefix: string, owner: number): string {
  return join(ROOT, `${prefix}.${owner}`)
}

function downSync(prefix: string, owner: number): void {
  const folder = folderOf(prefix, owner)
  const env = { ...process.env, NETLAB: prefix, NETLAB_DIR: folder }
  spawnSync('bash', [SCRIPT, 'down'], { env, stdio: 'ignore', timeout: COMMAND_MS })
  rmSync(folder, { recursive: true, force: true })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
