/** What a node and its launcher process say to each other, as JSON over an IPC channel. */

export type LauncherRequest =
  | {
      readonly type: 'launch'
      readonly child: number
      /** The program first. */
      readonly command: readonly string[]
      /** Instead of the launcher's own. */
      readonly environment?: Readonly<Record<string, string>>
      readonly directory: string
      /** A file that the child gets as its ledger. */
      readonly ledger: string
      /** The most memory that any of its processes may have. */
      readonly memoryBytesMax?: number
    }
  | { readonly type: 'kill'; readonly child: number }
  /** Which of these commands is the first to succeed? */
  | { readonly type: 'probe'; readonly commands: readonly (readonly string[])[] }
  | { readonly type: 'close' }

export type LauncherEvent =
  /** Sent once. */
  | { readonly type: 'ready' }
  /** Comes with the pipe itself. */
  | {
      readonly type: 'pipe'
      readonly child: number
      readonly pid: number
      readonly pipe: 'tasks' | 'results'
    }
  | ({ readonly type: 'died'; readonly child: number } & Death)
  /** `why` none of them does, if so. */
  | { readonly type: 'probed'; readonly works?: number; readonly why: string }

/** How a child ended, and everything it had started with it. */
export interface Death {
  readonly exitCode?: number
  readonly signal?: string
  /** The last that came out of the process itself: words of Node, not of tasks. */
  readonly lastWords: string
  readonly isOverMemory: boolean
}
