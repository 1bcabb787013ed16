import { task } from 'p2pjobs'

export interface Setting {
  readonly growth: number
  readonly start: number
}

/** The logistic map: what a population settles into at a given rate of growth. */
export const simulate = task(import.meta, function simulate({ growth, start }: Setting) {
  let population = start
  for (let year = 0; year < 2_000; year++) population = growth * population * (1 - population)
  const seen = new Set<string>()
  for (let year = 0; year < 64; year++) {
    population = growth * population * (1 - population)
    seen.add(population.toFixed(6))
  }
  return { growth, start, period: seen.size }
})
