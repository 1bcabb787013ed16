/** From the flags about the sandbox to the way a node runs functions. */
import { ISOLATIONS } from '../core/types.ts'
import type { StartOptions } from '../node/start.ts'
import { usage } from './values.ts'

interface IsolationFlags {
  readonly isolation: string
  readonly requireSandbox: boolean
}

export function isolationOptions({
  isolation,
  requireSandbox
}: IsolationFlags): Required<Pick<StartOptions, 'isolation' | 'requiresSandbox'>> {
  if (requireSandbox && isolation === 'none') {
    throw usage('--isolation none and --require-sandbox exclude each other; leave one out')
  }
  const chosen = ISOLATIONS.find((each) => each === isolation) ?? 'auto'
  return { isolation: chosen, requiresSandbox: requireSandbox }
}
