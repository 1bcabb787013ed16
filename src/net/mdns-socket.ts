/**
 * Multicast DNS on one interface: asks by its schedule, answers questions, passes answers on.
 *
 * One socket per interface, as a socket sends on one only; but the kernel gives a datagram to every
 * socket of the port, whatever interface it came by, so that each has to look at the sender.
 */
import { createSocket } from 'node:dgram'
import type { RemoteInfo } from 'node:dgram'
import multicastDns from 'multicast-dns'
import { isOnSubnet } from './interfaces.ts'
import type { LocalInterface } from './interfaces.ts'
import type { HeardRecord, SpokenRecord } from './mdns-records.ts'
import { answerDelayMs, Inlet, questionDelayMs } from './mdns-schedule.ts'

export interface MdnsSocketInit {
  readonly at: LocalInterface
  readonly serviceTag: string
  /** What this node answers here at this moment; nothing while it does not listen. */
  answer(): SpokenRecord[]
  onRecords(records: readonly HeardRecord[]): void
  /** Called when another program keeps the port for itself, or it is forbidden. */
  onPortRefused(error: NodeJS.ErrnoException): void
  /** Places in the schedule already used up by a former socket of the same interface. */
  readonly asked: number
  /** How many former sockets of the same interface in a row heard nothing. */
  readonly deafBefore: number
}

// Every question comes back to the socket that asked, so silence after three means it is deaf.
const UNHEARD_MAX = 3
const LAST_WORDS_MS = 500

export class MdnsSocket {
  readonly #init: MdnsSocketInit
  readonly #mdns: multicastDns.MulticastDNS
  readonly #inlet = new Inlet(performance.now())
  readonly #tagLabel: string
  #asked: number
  #deafBefore: number
  #unheard = 0
  #answeredAt: number | undefined
  #failure: Error | undefined
  #questionTimer: NodeJS.Timeout | undefined
  #answerTimer: NodeJS.Timeout | undefined

  constructor(init: MdnsSocketInit) {
    this.#init = init
    this.#asked = init.asked
    this.#deafBefore = init.deafBefore
    this.#tagLabel = init.serviceTag.slice(0, init.serviceTag.indexOf('.'))
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    this.#mdns = multicastDns({
      socket,
      interface: init.at.address,
      // On Linux a socket bound to the interface's own address hears no multicast.
      bind: '0.0.0.0'
    })
    this.#guard(socket)
    this.#mdns.on('query', ({ questions }) => this.#onQuestion(questions ?? []))
    this.#mdns.on('response', ({ answers, additionals }) =>
      init.onRecords([...(answers ?? []), ...(additionals ?? [])])
    )
    this.#mdns.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure = error
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') init.onPortRefused(error)
    })
    this.#mdns.on('warning', (warning) => {
      // What a peer sent and could not be decoded is ignored; what the system refuses is not.
      if ('syscall' in warning) this.#failure = warning
    })
    this.#askInTime()
  }

  get at(): LocalInterface {
    return this.#init.at
  }

  /** Questions asked on this interface: its place in the schedule. */
  get asked(): number {
    return this.#asked
  }

  /** True if this socket does not even hear itself, or failed: another has to take its place. */
  get isDeaf(): boolean {
    return this.#failure !== undefined || this.#unheard >= UNHEARD_MAX
  }

  /** Sockets of this interface in a row, up to this one, that heard nothing. */
  get deafCount(): number {
    return this.isDeaf ? this.#deafBefore + 1 : this.#deafBefore
  }

  /** What the system last said when it refused something. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** Asks now, beside the schedule. */
  ask(): void {
    this.#unheard++
    const questions = [{ name: this.#init.serviceTag, type: 'PTR' as const }]
    this.#mdns.query({ questions }, (error) => {
      if (error) this.#failure = error
    })
  }

  /** Asks now and begins the schedule anew. */
  restart(): void {
    this.#asked = 0
    this.#askInTime()
  }

  /** Sends the last words, if any, and closes. Takes at most half a second; never rejects. */
  async close(lastWords: SpokenRecord[] = []): Promise<void> {
    clearTimeout(this.#questionTimer)
    clearTimeout(this.#answerTimer)
    if (lastWords.length > 0) await this.#sayLast(lastWords)
    await new Promise<void>((resolve) => this.#mdns.destroy(resolve))
  }

  /** Stands between the socket and the decoder, which would take whatever comes. */
  #guard(socket: ReturnType<typeof createSocket>): void {
    const listeners = socket.listeners('message')
    socket.removeAllListeners('message')
    socket.on('message', (datagram, from) => {
      if (!this.#isForUs(datagram, from)) return
      for (const listener of listeners) Reflect.apply(listener, socket, [datagram, from])
    })
  }

  #isForUs(datagram: Buffer, from: RemoteInfo): boolean {
    if (!isOnSubnet(from.address, this.at) || !datagram.includes(this.#tagLabel)) return false
    if (from.address === this.at.address) this.#unheard = this.#deafBefore = 0
    return this.#inlet.admits(datagram.length, performance.now())
  }

  #askInTime(): void {
    clearTimeout(this.#questionTimer)
    this.#asked++
    const delayMs = questionDelayMs(this.#asked, Math.random())
    this.#questionTimer = setTimeout(() => this.#askInTime(), delayMs)
    this.ask()
  }

  #onQuestion(questions: readonly { name: string; type: string }[]): void {
    const isOurs = questions.some(
      ({ name, type }) => name === this.#init.serviceTag && type === 'PTR'
    )
    if (!isOurs || this.#answerTimer !== undefined) return
    const delayMs = answerDelayMs(performance.now(), this.#answeredAt, Math.random())
    if (delayMs === 0) this.#answer()
    else this.#answerTimer = setTimeout(() => this.#answer(), delayMs)
  }

  #answer(): void {
    this.#answerTimer = undefined
    const records = this.#init.answer()
    if (records.length === 0) return
    this.#answeredAt = performance.now()
    this.#mdns.respond(records, (error) => {
      if (error) this.#failure = error
    })
  }

  async #sayLast(records: SpokenRecord[]): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LAST_WORDS_MS)
      this.#mdns.respond(records, () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
