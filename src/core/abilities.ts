/**
 * What workers are and have, what tasks ask for, and whether the two go together.
 *
 * A plain task takes one slot of any worker. A task with a demand takes several, or amounts of
 * things that are scarce: memory, GPUs, licenses. Slots are the amount called `cpus`.
 */
import type { LabelNeed } from './job.ts'
import type { Spec } from './spec.ts'

/** What a worker is: text by name, as `os: linux`. */
export type Labels = Readonly<Record<string, string>>

/** How much a worker has, or a task takes, of what: whole numbers by name. */
export type Amounts = Readonly<Record<string, number>>

/** The amount that counts slots. */
export const CPUS = 'cpus'

/** What a task takes that is more than one slot. */
export interface Demand {
  readonly slots: number
  /** Everything else, and how much of it. */
  readonly amounts: readonly (readonly [name: string, amount: number])[]
}

/** The worker has the label, with the value that is asked for, if one is. */
export function hasLabel(labels: Labels, { label, value }: LabelNeed): boolean {
  return Object.hasOwn(labels, label) && (value === undefined || labels[label] === value)
}

/** What a task of the spec takes; undefined: one slot and nothing else. */
export function demandOf({ amounts }: Pick<Spec, 'amounts'>): Demand | undefined {
  if (amounts === undefined) return undefined
  const others = Object.entries(amounts).filter(([name, amount]) => name !== CPUS && amount > 0)
  const slots = Math.max(1, amounts[CPUS] ?? 1)
  return slots === 1 && others.length === 0 ? undefined : { slots, amounts: others }
}

/** How many slots a task fills. */
export function widthOf(demand: Demand | undefined): number {
  return demand?.slots ?? 1
}

/** What there is of a worker, and how much of it is taken. */
export class Room {
  slots: number
  slotsTaken = 0
  /** Undefined: not known, so nothing can be asked for. */
  amounts: Amounts | undefined
  readonly #taken = new Map<string, number>()

  constructor(slots = 0, amounts?: Amounts) {
    this.slots = slots
    this.amounts = amounts
  }

  taken(name: string): number {
    return this.#taken.get(name) ?? 0
  }

  /** How much there is of it, taken or not. */
  whole(name: string): number {
    const { amounts } = this
    return amounts !== undefined && Object.hasOwn(amounts, name) ? (amounts[name] ?? 0) : 0
  }

  take(demand: Demand | undefined): void {
    this.#change(demand, 1)
  }

  giveBack(demand: Demand | undefined): void {
    this.#change(demand, -1)
  }

  /** The worker could carry it if nothing else were there. */
  holds({ slots, amounts }: Demand): boolean {
    if (this.amounts === undefined || slots > this.slots) return false
    return amounts.every(([name, amount]) => amount <= this.whole(name))
  }

  /** There are as many free slots. */
  hasSlots(demand: Demand | undefined): boolean {
    return this.slotsTaken + widthOf(demand) <= this.slots
  }

  /** All else that it takes is free, and stays enough for another demand that waits for it. */
  hasAmounts(demand: Demand, kept?: Demand): boolean {
    return demand.amounts.every(([name, amount]) => {
      const left = this.whole(name) - this.taken(name) - amount
      return left >= 0 && left >= amountOf(kept, name)
    })
  }

  fits(demand: Demand): boolean {
    return this.hasSlots(demand) && this.hasAmounts(demand)
  }

  /** Nothing that the demand takes is promised to more than can have it. */
  isSound({ amounts }: Demand): boolean {
    if (this.slotsTaken > this.slots) return false
    return amounts.every(([name]) => this.taken(name) <= this.whole(name))
  }

  /** The demand lacks something now that the other one would take. */
  isRivalOf(demand: Demand, other: Demand): boolean {
    if (!this.hasSlots(demand)) return true
    return demand.amounts.some(
      ([name, amount]) => this.taken(name) + amount > this.whole(name) && amountOf(other, name) > 0
    )
  }

  #change(demand: Demand | undefined, sign: 1 | -1): void {
    this.slotsTaken += sign * widthOf(demand)
    for (const [name, amount] of demand?.amounts ?? []) {
      const left = this.taken(name) + sign * amount
      if (left === 0) this.#taken.delete(name)
      else this.#taken.set(name, left)
    }
  }
}

function amountOf(demand: Demand | undefined, name: string): number {
  return demand?.amounts.find(([each]) => each === name)?.[1] ?? 0
}
