/**
 * Thrown inside the encoder where something cannot be sent. Who knows the path there puts it
 * before the message.
 */
export class Refusal extends Error {}

/** The value has become too large; `bytes` is what it takes with what was refused. */
export class TooLarge extends Refusal {
  readonly bytes: number

  constructor(bytes: number, message: string) {
    super(message)
    this.bytes = bytes
  }
}
