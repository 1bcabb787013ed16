/**
 * What a job asks for that no worker has, however free it is: while that is so, nothing runs it.
 */
import { CPUS, hasLabel, Room } from '../abilities.ts'
import type { Amounts, Labels } from '../abilities.ts'
import type { JobOptions, LabelNeed } from '../job.ts'
import type { Spec } from '../spec.ts'
import type { NodeId } from '../types.ts'
import { Need } from './need.ts'
import type { Able } from './need.ts'

export type Lack =
  | { readonly type: 'worker-away'; readonly worker: string }
  /** None of the workers has it. */
  | { readonly type: 'no-label'; readonly need: LabelNeed; readonly workers: number }
  | {
      readonly type: 'too-large'
      readonly amount: string
      readonly asked: number
      readonly most: number
    }
  /** Each thing that is asked for is there, but no worker has all of it. */
  | { readonly type: 'nobody-suits'; readonly workers: number }

/** A machine beside which no other one will ever be. */
export interface OnlyMachine {
  readonly name: string
  /** How many tasks it runs at once. */
  readonly slots: number
  readonly labels: Labels
  readonly amounts: Amounts
}

/** Why none of the workers suits the need; nothing: one does. */
export function lacksOf(need: Need, workers: readonly Able[]): Lack[] {
  if (workers.some((worker) => need.suits(worker))) return []
  const { worker, requires, demand } = need
  const isNamed = ({ id, name }: Able): boolean => worker === id || worker === name
  if (worker !== undefined && !workers.some(isNamed)) return [{ type: 'worker-away', worker }]
  const lacks: Lack[] = []
  for (const label of requires) {
    if (workers.some(({ labels }) => hasLabel(labels, label))) continue
    lacks.push({ type: 'no-label', need: label, workers: workers.length })
  }
  const amounts = demand === undefined ? [] : [[CPUS, demand.slots] as const, ...demand.amounts]
  for (const [amount, asked] of amounts) {
    const most = workers.reduce((max, { room }) => Math.max(max, wholeOf(room, amount)), 0)
    if (most < asked) lacks.push({ type: 'too-large', amount, asked, most })
  }
  return lacks.length > 0 ? lacks : [{ type: 'nobody-suits', workers: workers.length }]
}

/** What the only machine that could ever run the job does not have; nothing: it can run it. */
export function lacksOfOnly(
  { name, slots, labels, amounts }: OnlyMachine,
  spec: Pick<Spec, 'amounts'>,
  options: Pick<JobOptions, 'worker' | 'requires'>
): Lack[] {
  const machine = { id: name as NodeId, name, labels, room: new Room(slots, amounts) }
  return lacksOf(new Need(spec, options), [machine])
}

/** A worker that does not say what it has gets nothing that asks for amounts, not even of slots. */
function wholeOf(room: Room, amount: string): number {
  if (room.amounts === undefined) return 0
  return amount === CPUS ? room.slots : room.whole(amount)
}
