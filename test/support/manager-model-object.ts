/**
 * What all objects of the model of a manager have in common.
 */
import type { Kind } from '../../src/core/manager/calls.ts'
import type { Model, ModelAsk, ModelWait } from './manager-model.ts'

export abstract class ModelObject {
  readonly kind: Kind
  readonly model: Model
  isDeleted = false

  constructor(model: Model, kind: Kind) {
    this.model = model
    this.kind = kind
  }

  abstract handle(ask: ModelAsk): void

  expire(wait: ModelWait): void {
    this.model.end(wait, 'ok', [false])
  }

  cancel(wait: ModelWait): void {
    this.model.end(wait, 'canceled')
  }

  /** A client that waited was lost. */
  dropped(): void {
    return
  }

  /** Somebody has come back, or whatever else may let others go on. */
  settle?(): void

  /** A client was lost. */
  lose?(client: string): void

  clear(): void {
    for (const wait of this.model.waits.filter(({ object }) => object === this)) {
      this.model.end(wait, 'deleted')
    }
  }
}

export function text(value: Uint8Array): string {
  return Buffer.from(value).toString()
}

export function textsOf({ call }: ModelAsk): string[] {
  return call.values.map(text)
}
