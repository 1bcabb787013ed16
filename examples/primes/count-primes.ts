import { task } from 'p2pjobs'

/** How many primes there are from `from` up to and without `to`, by the sieve of Eratosthenes. */
export const countPrimes = task(import.meta, function countPrimes(from: number, to: number) {
  const composite = new Uint8Array(to - from)
  for (let divisor = 2; divisor * divisor < to; divisor++) {
    const first = Math.max(divisor * divisor, Math.ceil(from / divisor) * divisor)
    for (let multiple = first; multiple < to; multiple += divisor) composite[multiple - from] = 1
  }
  let primes = 0
  for (let number = Math.max(2, from); number < to; number++)
    primes += 1 - composite[number - from]!
  return primes
})
