/**
 * What a handle leads to after its manager was started anew, where that did not keep the object.
 */
import { BaseObject } from '../base-object.ts'

export class Gone extends BaseObject {
  readonly kind = 'custom'
  override isDeleted = true
  protected readonly ops = {}

  clear(): void {
    // Nothing is left of it.
  }
}
