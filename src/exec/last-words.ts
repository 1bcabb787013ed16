/** What a helper process says on its stderr before it dies: the end of it, and the line that says why. */

const CHARACTERS_MAX = 2_000

export class LastWords {
  #text = ''

  add(text: string): void {
    this.#text = `${this.#text}${text}\n`.slice(-CHARACTERS_MAX)
  }

  /** The line that names an error, or the last one. */
  get line(): string {
    const lines = this.#text.split('\n').map((line) => line.trim())
    return lines.find((line) => /error/i.test(line)) ?? lines.findLast((line) => line !== '') ?? ''
  }
}
