/**
 * Every story there is, by name.
 */
import type { Scenario } from '../scenario.ts'
import { after } from './after.ts'
import { amounts, largeAmongSmall } from './amounts.ts'
import { failingHole, flappingHole, refusingHole } from './black-hole.ts'
import { cancel } from './cancel.ts'
import { chaos } from './chaos.ts'
import { clean } from './clean.ts'
import { cutAndHeal } from './cut-and-heal.ts'
import { drain } from './drain.ts'
import { fairShare } from './fair-share.ts'
import { limited } from './limited.ts'
import { masterAway } from './master-away.ts'
import { masterRestart } from './master-restart.ts'
import { oneByOne, shortThenLong } from './one-by-one.ts'
import { priorities } from './priorities.ts'
import { retryElsewhere, retryHere } from './retries.ts'
import { slowAndFast } from './slow-and-fast.ts'
import { patience, stragglers, stragglersAmid } from './stragglers.ts'
import { tenThousand } from './ten-thousand.ts'
import { twoMasters } from './two-masters.ts'
import { workerCrash } from './worker-crash.ts'
import { zombie } from './zombie.ts'

/** Small enough for many seeds. */
export const SMALL_SCENARIOS: readonly Scenario[] = [
  ...[chaos, clean, workerCrash, cutAndHeal, zombie, masterRestart, masterAway, failingHole],
  ...[refusingHole],
  ...[amounts, largeAmongSmall, after, fairShare],
  ...[stragglers, stragglersAmid, patience],
  ...[flappingHole, oneByOne, shortThenLong, limited],
  ...[slowAndFast, retryElsewhere, retryHere, cancel, drain, priorities, twoMasters]
]

export const SCENARIOS: readonly Scenario[] = [...SMALL_SCENARIOS, tenThousand]
