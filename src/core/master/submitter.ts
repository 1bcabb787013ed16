/**
 * Who submitted jobs: one of those among whom the workers are shared fairly.
 */
export class Submitter {
  readonly name: string
  /** Jobs that have not ended. */
  jobs = 0
  /** Slots that the tasks fill which workers have in hand. */
  inHand = 0

  constructor(name = '') {
    this.name = name
  }
}
