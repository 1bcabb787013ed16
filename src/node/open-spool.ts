/**
 * Opens the folder in which a worker keeps results for masters that are away.
 */
import { toError } from '../core/errors.ts'
import type { Spool } from '../spool/spool.ts'

/**
 * Undefined when the folder cannot be used, which is told and no reason not to work. Loaded only
 * here: it comes with the wire, which a node without a network does without.
 */
export async function openSpool(
  folder: string,
  onProblem: (text: string) => void
): Promise<Spool | undefined> {
  try {
    const { Spool } = await import('../spool/spool.ts')
    return await Spool.open({ folder, onProblem })
  } catch (error) {
    onProblem(
      `cannot keep results in ${folder}: ${toError(error).message}; what masters that are away ` +
        'have not accepted is lost when this node ends'
    )
    return undefined
  }
}
