/**
 * `--insecure-open`: what whoever uses it is told, again and again.
 */
import { isLoopback } from '../core/members/reach.ts'
import type { Context } from './command.ts'

const AGAIN_MS = 60_000

/** Where a node listens. */
interface Listening {
  readonly network: { readonly addresses: readonly string[] } | undefined
}

/** Says now, and each minute, that anybody may run commands here. */
export function warnOfOpen({ network }: Listening, say: (line: string) => void): void {
  const line = warning(network?.addresses ?? [])
  say(line)
  setInterval(() => say(line), AGAIN_MS).unref()
}

function warning(addresses: readonly string[]): string {
  const who = addresses.every(isLoopback)
    ? 'every user and program of this machine'
    : 'whoever reaches this machine'
  return `WARNING: --insecure-open asks for no token: ${who} can run commands as the user of this node`
}

/** A line for people, whatever was said before. */
export function stderrLine(context: Context): (line: string) => void {
  return (line) => context.stderr(`p2pjobs: ${line}\n`)
}
