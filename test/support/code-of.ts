/** What went wrong, by its code. */
import { operatingErrorOf } from '../../src/core/errors.ts'

/** The code of what was thrown, or its text if it has none. */
export function codeIn(error: unknown): string {
  return operatingErrorOf(error)?.code ?? String(error)
}

/** With which code it throws; undefined if it does not. */
export function codeOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return codeIn(error)
  }
}

/** With which code it rejects; undefined if it does not. */
export async function codeOfRejection(work: Promise<unknown>): Promise<string | undefined> {
  return await work.then(() => undefined, codeIn)
}
