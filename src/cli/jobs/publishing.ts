/**
 * The master that a job is published on: that of this process, in memory or durable.
 */
import { P2pJobsError } from '../../core/errors.ts'
import type { DurableJobs } from '../../node/durable-jobs.ts'
import type { Node } from '../../node/node.ts'
import type { PublishMaster } from './publish.ts'

/** Throws STOPPED for a node that is no master. */
export function publishMasterOf({ master, jobs }: Pick<Node, 'master' | 'jobs'>): PublishMaster {
  if (jobs !== undefined) return durably(jobs)
  if (master !== undefined) return master
  throw new P2pJobsError('STOPPED', 'this node publishes no work')
}

/** Results stay on disk whoever has read them: nothing is to be set aside or released. */
function durably(jobs: DurableJobs): PublishMaster {
  return {
    submit: (spec, options) => jobs.submit(spec, options),
    add: (job, inputs) => jobs.add(job, inputs),
    close: (job) => jobs.close(job),
    cancel: (job, reason) => jobs.cancel(job, reason),
    read: (payload) => jobs.read(payload),
    setAside: (result) => Promise.resolve(result),
    release: () => Promise.resolve(),
    state: jobs.state
  }
}
