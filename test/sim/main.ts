/**
 * The simulator by hand: `npm run sim` runs every scenario; SCENARIO=name, SEED=n and SEEDS=count
 * choose, VARIANT=name breaks something on purpose, SCALE=1 measures a long queue instead.
 */
import { describeAll, describeFailure, describeRun } from './report.ts'
import { measureScale } from './scale.ts'
import { play } from './scenario.ts'
import type { Report } from './scenario.ts'
import { SCENARIOS } from './scenarios/index.ts'
import { VARIANTS } from './variants.ts'
import type { VariantName } from './variants.ts'

function main(env: NodeJS.ProcessEnv): number {
  if (env['SCALE'] !== undefined) {
    for (const tasks of [10_000, 100_000, 1_000_000]) console.log(measureScale(tasks))
    return 0
  }
  const chosen = SCENARIOS.filter(({ name }) => name === (env['SCENARIO'] ?? name))
  const variant = env['VARIANT'] ?? 'sound'
  if (chosen.length === 0 || !isVariant(variant)) {
    const names = SCENARIOS.map(({ name, summary }) => `  ${name}: ${summary}`).join('\n')
    const variants = Object.keys(VARIANTS).join(', ')
    console.error(`choose SCENARIO from\n${names}\nand VARIANT from ${variants}`)
    return 2
  }
  const first = Number(env['SEED'] ?? 1)
  const count = Number(env['SEEDS'] ?? 1)
  const reports: Report[] = []
  const startedAt = performance.now()
  for (const scenario of chosen) {
    for (let seed = first; seed < first + count; seed++) {
      const report = play(scenario, seed, variant)
      reports.push(report)
      if (report.violation !== undefined) console.log(describeFailure(report))
      else if (count === 1) console.log(describeRun(report))
    }
  }
  console.log(describeAll(reports, performance.now() - startedAt))
  return reports.some((report) => report.violation !== undefined) ? 1 : 0
}

function isVariant(name: string): name is VariantName {
  return name in VARIANTS
}

process.exitCode = main(process.env)
