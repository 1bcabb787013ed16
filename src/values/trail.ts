/**
 * Where in a value the encoder is, so that a refusal can say it: `argument[2].user`.
 *
 * It is kept for every value and read for hardly any, so it is two arrays and nothing else; text
 * is made of them only when something is refused.
 */
import { VALUE_NESTING_MAX } from '../core/limits.ts'
import { Refusal } from './refusal.ts'

/** What a place is: how it is reached from the container around it. */
export const Step = { property: 0, index: 1, key: 2, entry: 3, member: 4 } as const
export type Step = (typeof Step)[keyof typeof Step]

/** A longer path is shortened in its middle. */
const STEPS_SHOWN_MAX = 32
const KEY_CHARACTERS_MAX = 64

export class Trail {
  /** Containers that are open. */
  depth = 0
  /** For each of them, where in it we are. Whoever opened it writes here. */
  readonly places: unknown[] = []
  readonly steps: Step[] = []

  /** Opens a container and says at which level of `places` it is. */
  enter(step: Step): number {
    const level = this.depth
    if (level >= VALUE_NESTING_MAX) {
      throw new Refusal(
        `is nested more than ${VALUE_NESTING_MAX} levels deep; send it as a flat list`
      )
    }
    this.steps[level] = step
    this.depth = level + 1
    return level
  }

  leave(): void {
    this.depth--
  }

  /** The path below the first `skipped` containers. */
  pathBelow(skipped: number): string {
    const parts = this.places.slice(skipped, this.depth).map((place, index) => {
      return textOf(this.steps[skipped + index], place)
    })
    if (parts.length > STEPS_SHOWN_MAX) {
      const half = STEPS_SHOWN_MAX / 2
      parts.splice(half, parts.length - STEPS_SHOWN_MAX, '…')
    }
    return parts.join('')
  }
}

function textOf(step: Step | undefined, place: unknown): string {
  switch (step) {
    case Step.index:
      return `[${String(place)}]`
    case Step.key:
      return `.keys()[${String(place)}]`
    case Step.member:
      return `.values()[${String(place)}]`
    case Step.entry:
      return `.get(${quoted(place)})`
    case Step.property:
    case undefined:
      return typeof place === 'string' && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(place)
        ? `.${shortened(place)}`
        : `[${quoted(place)}]`
  }
}

function quoted(place: unknown): string {
  if (typeof place === 'string') return JSON.stringify(shortened(place))
  return typeof place === 'bigint' ? `${place}n` : String(place)
}

function shortened(text: string): string {
  return text.length > KEY_CHARACTERS_MAX ? `${text.slice(0, KEY_CHARACTERS_MAX)}…` : text
}
