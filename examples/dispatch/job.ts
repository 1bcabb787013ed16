/** What the master hands out, and gets back from whoever has done it. */
export interface Job {
  readonly id: number
  /** How long its work takes here. */
  readonly ms: number
  /** Who has done it. */
  readonly by?: string
}
