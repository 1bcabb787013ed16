/**
 * The options of a job as `run` and `submit` take them from the command line.
 */
import { userInfo } from 'node:os'
import type { Amounts } from '../../core/abilities.ts'
import type { JobOptions } from '../../core/job.ts'
import { schedulingOptions } from '../scheduling-flags.ts'

type JobFlags = Parameters<typeof schedulingOptions>[0] & { readonly retries: number }

/** Throws USAGE for flags that cannot be understood. */
export function jobOptions(
  flags: JobFlags,
  name: string | undefined
): { readonly options: JobOptions; readonly amounts: Amounts | undefined } {
  const { amounts, ...scheduling } = schedulingOptions(flags)
  const submitter = flags.as ?? userName()
  const options: JobOptions = {
    retries: flags.retries,
    ...scheduling,
    ...(name === undefined ? {} : { name }),
    ...(submitter === undefined ? {} : { submitter })
  }
  return { options, amounts }
}

/** Undefined: this user has no name, as in some containers. */
function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
