/**
 * `npm run chaos -- [--minutes N] [--seed N]`: kills, stops and cuts off real nodes for as long as
 * one likes, and prints what was lost, doubled and orphaned, all per 10,000 tasks.
 */
import { parseArgs } from 'node:util'
import { netlabMissing } from '../support/netlab.ts'
import { runCampaign } from './campaign.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } }
})
const missing = netlabMissing()
if (missing !== undefined) {
  console.error(`chaos: ${missing}`)
  process.exit(2)
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31))
const minutes = Number(values.minutes)
console.log(`seed ${seed}, ${minutes} minutes of faults`)
const verdict = await runCampaign({ seed, masterKills: 1, durationMs: minutes * 60_000 })
const { faults, jobs, tasks, runs, lost, doubled, orphaned } = verdict
const times = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`)
console.log(`faults: ${times.join(', ')}`)
console.log(`${jobs} jobs acknowledged, ${tasks} tasks, ${runs} runs`)
for (const [name, list] of Object.entries({ lost, doubled, orphaned })) {
  const rate = tasks === 0 ? 0 : (list.length / tasks) * 10_000
  console.log(
    `${name}: ${list.length} (${rate.toFixed(2)} per 10,000) ${list.slice(0, 10).join(' ')}`
  )
}
if (verdict.evidence !== '') console.log(verdict.evidence)
process.exitCode = lost.length + doubled.length + orphaned.length === 0 ? 0 : 1
