/**
 * What a run of many seeds came to, in lines for people.
 */
import type { Report } from './scenario.ts'

/** How to see one run again. */
export function commandOf({
  scenario,
  seed,
  variant
}: Pick<Report, 'scenario' | 'seed' | 'variant'>): string {
  const broken = variant === 'sound' ? '' : `VARIANT=${variant} `
  return `${broken}SCENARIO=${scenario} SEED=${seed} npm run sim`
}

export function describeFailure(report: Report): string {
  return `${report.violation ?? 'nothing'}\n  to see it again: ${commandOf(report)}`
}

export function describeRun(report: Report): string {
  const { scenario, seed, events, tasks, starts, virtualMs, hash } = report
  const seconds = (virtualMs / 1000).toFixed(1)
  return `${scenario} ${seed}: ${tasks} tasks, ${starts} starts, ${events} events in ${seconds} virtual s, trace ${hash}`
}

/** `wallMs`: how long all of them took. */
export function describeAll(reports: readonly Report[], wallMs: number): string {
  const events = reports.reduce((sum, report) => sum + report.events, 0)
  const failures = reports.filter((report) => report.violation !== undefined).length
  const rate = Math.round((events / wallMs) * 1000).toLocaleString('en')
  return `${reports.length} runs, ${failures} failed: ${events.toLocaleString('en')} events in ${(wallMs / 1000).toFixed(1)} s, ${rate} events/s`
}
