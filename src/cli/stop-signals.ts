/**
 * The two ways to end a command: please (first Ctrl-C, SIGTERM, SIGHUP), and at once (the second).
 */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * A second signal this soon is the first one again: `timeout` signals its child and then its
 * group, and npm passes on the Ctrl-C that the terminal has sent to everybody already.
 */
export const SAME_PRESS_MS = 250

export interface SignalSource {
  on(signal: (typeof SIGNALS)[number], listener: () => void): unknown
}

export interface StopSignals {
  readonly stopping: AbortSignal
  readonly leaving: AbortSignal
  /** The terminal is gone: aborted just before `stopping` is, or later. */
  readonly hangup: AbortSignal
  /** What a first signal does, for another reason. */
  stop(): void
}

/** Listens to the signals of `source` from now on; `now` is a monotonic clock in milliseconds. */
export function watchSignals(source: SignalSource, now: () => number): StopSignals {
  const stopping = new AbortController()
  const leaving = new AbortController()
  const hangup = new AbortController()
  let pressedAt = -Infinity
  const press = (): void => {
    const isSamePress = now() - pressedAt < SAME_PRESS_MS
    if (isSamePress) return
    pressedAt = now()
    if (stopping.signal.aborted) leaving.abort()
    else stopping.abort()
  }
  for (const signal of SIGNALS) {
    source.on(signal, () => {
      if (signal === 'SIGHUP') hangup.abort()
      press()
    })
  }
  return {
    stopping: stopping.signal,
    leaving: leaving.signal,
    hangup: hangup.signal,
    stop: () => stopping.abort()
  }
}
