/**
 * What a story consists of, and how one is told.
 */
import { toError } from '../../src/core/errors.ts'
import type { Millis } from '../../src/core/types.ts'
import { VARIANTS } from './variants.ts'
import type { VariantName } from './variants.ts'
import { World } from './world.ts'

export interface Scenario {
  readonly name: string
  /** One sentence: what happens, and what has to come of it. */
  readonly summary: string
  /** Furnishes the world: nodes, jobs, faults. */
  readonly build: (world: World) => void
  /** Everything has to be over by then. */
  readonly endMs: Millis
  /** What has to be true of this story in particular; throws a `Violation`. */
  readonly check?: (world: World) => void
}

export interface Report {
  readonly scenario: string
  readonly seed: number
  readonly variant: VariantName
  readonly events: number
  readonly tasks: number
  readonly starts: number
  readonly virtualMs: Millis
  readonly hash: string
  /** What went wrong: undefined for a good run. */
  readonly violation: string | undefined
}

/** Runs one scenario with one seed, to its end or its first violation. */
export function play(scenario: Scenario, seed: number, variant: VariantName = 'sound'): Report {
  const world = new World(seed, VARIANTS[variant])
  let violation: string | undefined
  try {
    scenario.build(world)
    world.run(scenario.endMs)
    scenario.check?.(world)
  } catch (thrown) {
    violation = describe(thrown)
  }
  const { trace, checkers, clock } = world
  return {
    ...{ scenario: scenario.name, seed, variant, events: trace.events },
    ...{ tasks: checkers.settled },
    ...{ starts: checkers.executions.length, virtualMs: clock.now, hash: trace.hash, violation }
  }
}

/** A broken rule in its own words; a bug of the machines or of the simulator with its place. */
function describe(thrown: unknown): string {
  const error = toError(thrown)
  if (error.name === 'Violation') return error.message
  return error.stack ?? error.message
}
