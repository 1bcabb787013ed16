/**
 * What a pool is busy with. The program stays alive while somebody waits for a result, and not a
 * moment longer: a script that forgets to close its pool still ends.
 */

/** Any long time; the timer does nothing. */
const TIMER_MS = 2 ** 30

export class Activity {
  #urgent = 0
  #patient = 0
  #timer: NodeJS.Timeout | undefined
  #onIdle: (() => void)[] = []

  /**
   * Something has begun that the pool waits for; the program does too, unless it `isPatient`.
   * Returns what is to be called at its end, once.
   */
  begin(isPatient = false): () => void {
    if (isPatient) this.#patient++
    else if (++this.#urgent === 1) this.#keepAlive()
    return () => {
      if (isPatient) this.#patient--
      else this.#urgent--
      this.#settle()
    }
  }

  /** Resolves when there is nothing to wait for. */
  async idle(): Promise<void> {
    if (this.#urgent + this.#patient === 0) return
    await new Promise<void>((resolve) => this.#onIdle.push(resolve))
  }

  /** The pool is over. */
  end(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** The timer stays, as a new one for each call made alone would cost as much as the call. */
  #keepAlive(): void {
    this.#timer ??= setInterval(() => undefined, TIMER_MS)
    this.#timer.ref()
  }

  #settle(): void {
    if (this.#urgent > 0) return
    this.#timer?.unref()
    if (this.#patient > 0) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}
