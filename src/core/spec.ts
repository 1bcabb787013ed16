/**
 * What a job runs, as data: everything its tasks share. It is sent to a worker once per session
 * and then named by the job's id.
 */
import type { Millis } from './types.ts'

/** A command line for `/bin/sh`. */
export interface ShellSpec {
  readonly kind: 'shell'
  /**
   * The command with `{}` where the task's argument goes, quoted; without `{}` the argument is
   * appended. Empty: the task's input is the whole command line, as it stands.
   */
  readonly command: string
  /** The submitter's working directory; a worker without it uses an empty folder of its own. */
  readonly directory: string
  /** Added to the task's environment, name by name. */
  readonly environment: Readonly<Record<string, string>>
  /** The longest a task may run once it has started; undefined: as long as it takes. */
  readonly timeoutMs: Millis | undefined
  /** The most bytes of stdout and stderr together before the task fails. */
  readonly outputBytesMax: number
  /** The most tasks of the job that one worker runs at a time; undefined: all its slots. */
  readonly slotsMax: number | undefined
}

export type Spec = ShellSpec
