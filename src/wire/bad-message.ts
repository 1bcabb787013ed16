/** A peer's nonsense. */
import { P2pJobsError } from '../core/errors.ts'

export function badMessage(what: string, options?: ErrorOptions): P2pJobsError {
  return new P2pJobsError('BAD_MESSAGE', `a peer sent ${what}`, options)
}
