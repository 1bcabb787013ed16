/**
 * What the workloads run: each function needs nothing from outside.
 */
export const JOBS = {
  noop: (x: number): number => x,
  echo: (bytes: Uint8Array): Uint8Array => bytes,
  rest: (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms)),
  /** A fixed piece of work for a CPU, by the number of its turns. */
  burn: (turns: number): string =>
    process
      .getBuiltinModule('node:crypto')
      .pbkdf2Sync('peers', 'bench', turns, 32, 'sha256')
      .toString('hex')
}

export type JobName = keyof typeof JOBS
