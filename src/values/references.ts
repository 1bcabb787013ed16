/**
 * Objects that stand for something elsewhere: they are sent as what they refer to, and something of
 * the same kind stands for it where they arrive.
 */

/** What a proxy of a manager's object refers to. */
export interface Reference {
  /** The manager's name. */
  readonly manager: string
  /** What the object is there. */
  readonly kind: string
  readonly name: string
  /** What it is made with, if there is none yet: a value. */
  readonly options: unknown
}

/** Makes what stands for it here. Throws for what makes no sense. */
export type Resolve = (reference: Reference) => object

const references = new WeakMap<object, Reference>()

/** From now on the object can be sent as an argument of a task. */
export function refer(object: object, reference: Reference): void {
  references.set(object, reference)
}

/** What an object refers to, if it stands for something elsewhere. */
export function referenceOf(object: object): Reference | undefined {
  return references.get(object)
}
