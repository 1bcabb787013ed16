/**
 * Feeds a job of another process of this home: whatever that process had on disk when it went
 * away, it gets the rest when it is back.
 */
import { operatingErrorOf } from '../core/errors.ts'
import type { JobOptions } from '../core/job.ts'
import type { Spec } from '../core/spec.ts'
import type { JobId, Payload } from '../core/types.ts'
import { expectItem } from '../control/control-client.ts'
import type { ControlClient, Exchange } from '../control/control-client.ts'
import { inRequests } from '../control/requests.ts'
import { patiently } from './patience.ts'
import type { PatienceInit } from './patience.ts'

export class RemoteFeed {
  readonly job: JobId
  readonly #client: ControlClient
  readonly #patience: PatienceInit
  /** Undefined: it has to be taken up again. */
  #exchange: Exchange | undefined
  /** What is not known to be on disk, behind the tasks that are. */
  #unacknowledged: Uint8Array[] = []
  #acknowledged = 0
  /** One batch is on its way at a time. */
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  /** Opens the job; it is on disk when this resolves. Throws what the master answers. */
  static async submit(
    client: ControlClient,
    spec: Spec,
    options: JobOptions,
    patience: PatienceInit
  ): Promise<RemoteFeed> {
    // Not patiently: whether a job was opened by a master that went away, nobody can say.
    const request = { type: 'submit', spec, options, inputs: [], isWhole: false } as const
    const exchange = await client.begin(request)
    const { job } = expectItem(await exchange.next(), 'fed')
    return new RemoteFeed(client, patience, exchange, job)
  }

  private constructor(
    client: ControlClient,
    patience: PatienceInit,
    exchange: Exchange,
    job: JobId
  ) {
    this.#client = client
    this.#patience = patience
    this.#exchange = exchange
    this.job = job
  }

  /** Tasks that wait for a worker, as far as was heard. */
  get waiting(): number {
    return this.#waiting
  }

  onDispatched(tasks: number): void {
    this.#waiting = Math.max(0, this.#waiting - tasks)
  }

  /** Resolves when the tasks are on disk. */
  async add(inputs: readonly Payload[]): Promise<void> {
    this.#unacknowledged.push(...(inputs as readonly Uint8Array[]))
    this.#last = this.#last.then(() => this.#addAll())
    await this.#last
  }

  /** Resolves when it is on disk that no more tasks come. */
  async close(): Promise<void> {
    await this.#last
    let isAgain = false
    await patiently(this.#patience, async (onReached) => {
      try {
        await this.#exchanging(onReached, async (exchange) => {
          isAgain = true
          await exchange.send({ type: 'close' })
          while ((await exchange.next()) !== undefined);
        })
      } catch (error) {
        // It was closed, and the answer got lost with the master.
        if (!isAgain || operatingErrorOf(error)?.code !== 'NOT_FOUND') throw error
      }
    })
    await this.#exchange?.[Symbol.asyncDispose]()
  }

  async #addAll(): Promise<void> {
    await patiently(this.#patience, (onReached) =>
      this.#exchanging(onReached, async (exchange) => {
        while (this.#unacknowledged.length > 0) {
          const [inputs = []] = inRequests(this.#unacknowledged)
          await exchange.send({ type: 'inputs', inputs })
          this.#onFed(expectItem(await exchange.next(), 'fed'))
        }
      })
    )
  }

  /** Works with the exchange, taken up anew if the last one broke. */
  async #exchanging(
    onReached: () => void,
    work: (exchange: Exchange) => Promise<void>
  ): Promise<void> {
    const exchange = this.#exchange ?? (await this.#client.begin({ type: 'feed', job: this.job }))
    try {
      if (this.#exchange === undefined) this.#onFed(expectItem(await exchange.next(), 'fed'))
      onReached()
      this.#exchange = exchange
      await work(exchange)
    } catch (error) {
      this.#exchange = undefined
      await exchange[Symbol.asyncDispose]()
      throw error
    }
  }

  #onFed({ tasks, waiting }: { readonly tasks: number; readonly waiting: number }): void {
    this.#unacknowledged.splice(0, tasks - this.#acknowledged)
    this.#acknowledged = tasks
    this.#waiting = waiting
  }
}
