/** What the node's process and its spawner process say to each other. */
import type { OutputStream } from '../core/messages.ts'
import type { ShellSpec } from '../core/spec.ts'
import type { OutputRange, RunEnd } from './executor.ts'

/** What a spawner is told first of all. */
export interface SpawnerInit {
  readonly slots: number
  /** An existing folder for what tasks write while they run; the spawner removes it at its end. */
  readonly spool: string
  /** What the node has on disk, if it is to be removed when the node is gone. */
  readonly remains: string | undefined
  /** Large outputs are handed over as `<handover>-<run>.<stream>`, outside of the spool. */
  readonly handover: string
  readonly graceMs: number
  readonly leftoverMs: number
  readonly shell: string
}

/** A task without what its job's tasks share. */
export interface TaskOrder {
  readonly run: number
  readonly job: number
  readonly task: number
  readonly attempt: number
  readonly input: Uint8Array
}

export type SpawnerRequest =
  /** Sent once, before anything else. */
  | { readonly type: 'init'; readonly init: SpawnerInit }
  | { readonly type: 'start'; readonly spec: ShellSpec; readonly tasks: readonly TaskOrder[] }
  | { readonly type: 'stop'; readonly run: number }
  | { readonly type: 'recall'; readonly run: number }
  /** What the run has printed on the stream from the offset on; answered by `read`. */
  | ({ readonly type: 'read'; readonly read: number; readonly run: number } & OutputRange)
  | { readonly type: 'close' }

export type SpawnerEvent =
  /** Sent once; `owner` is what the spawner's processes carry in their cookie. */
  | { readonly type: 'ready'; readonly owner: string }
  /** Tasks that waited for a slot run, and have for a moment. */
  | { readonly type: 'started'; readonly runs: readonly number[] }
  | { readonly type: 'ended'; readonly ends: readonly RunEnd[] }
  /** `bytes`: none if there are none yet, and `printed` tells once of more; undefined: it has ended. */
  | { readonly type: 'read'; readonly read: number; readonly bytes: Uint8Array | undefined }
  | { readonly type: 'printed'; readonly run: number; readonly stream: OutputStream }
  | { readonly type: 'notice'; readonly text: string }
  /** The disk had no space for what the task needs or prints that is about to end. */
  | { readonly type: 'no-space' }
