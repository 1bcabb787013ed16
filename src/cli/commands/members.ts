/** `p2pjobs members`: who is in the network now. */
import { setTimeout as delay } from 'node:timers/promises'
import { LEASE_MS } from '../../core/limits.ts'
import type { Member } from '../../core/members/events.ts'
import { noNetwork, placeOf } from '../../node/credentials.ts'
import { liveNodeOf, startNode } from '../../node/start.ts'
import { defineCommand, ExitCode } from '../command.ts'
import type { Context } from '../command.ts'
import { membersTable } from '../flags.ts'
import { warnOfOpen } from '../insecure-open.ts'
import { credentialsOf, defaultName, joinOptions } from '../network-flags.ts'
import { escapeText, jsonLine } from '../output.ts'

/** How long it looks around: discovery answers within a fraction of a second. */
const LOOK_MS = 2_000

export const membersCommand = defineCommand(membersTable, async (flags, context) => {
  const warn = (line: string): void => context.stderr(`p2pjobs: ${line}\n`)
  const place = placeOf(context.env, flags.network, warn)
  const credentials = await credentialsOf(place, flags, context)
  if (credentials === undefined) throw noNetwork()
  const live = liveNodeOf(place.home)
  const network = joinOptions(flags, credentials)
  const join = [...network.join, ...(live?.addresses ?? [])]
  const started = await startNode(
    {
      home: place.home,
      name: defaultName(),
      slots: undefined,
      isMaster: false,
      leaseMs: LEASE_MS,
      isResident: false,
      isBackground: false,
      network: { ...network, join }
    },
    { onNotice: () => undefined, onMember: () => undefined, onProblem: warn }
  )
  if (flags.insecureOpen) warnOfOpen(started.node, warn)
  await delay(LOOK_MS, undefined, { signal: context.stopping }).catch(() => undefined)
  const members = [...(started.node.network?.members ?? [])]
  await started.stop()
  await print(members, flags.json, context)
  return ExitCode.ok
})

async function print(
  members: readonly Readonly<Member>[],
  isJson: boolean,
  context: Context
): Promise<void> {
  if (isJson) {
    for (const member of members) await context.stdout(jsonLine(memberFields(member)))
    return
  }
  const rows = members.map((member) => [
    escapeText(member.info?.name ?? '?'),
    member.status,
    roleOf(member),
    escapeText(member.info?.program ?? ''),
    member.peer,
    escapeText(member.addresses[0] ?? '')
  ])
  if (rows.length === 0) context.stderr('p2pjobs: nobody else is here\n')
  else
    await context.stdout(table([['NAME', 'STATUS', 'ROLE', 'VERSION', 'PEER', 'ADDRESS'], ...rows]))
}

/** The fields of a member in JSON; the `member` event of `p2pjobs node --json` has the same. */
export function memberFields(member: Readonly<Member>): Readonly<Record<string, unknown>> {
  const { peer, status, info, addresses, problem } = member
  return {
    event: 'member',
    peer,
    name: info?.name ?? null,
    status,
    isMaster: info?.isMaster ?? null,
    isWorker: info?.isWorker ?? null,
    version: info?.program ?? null,
    addresses,
    problem: problem ?? null
  }
}

function roleOf({ info }: Readonly<Member>): string {
  if (info === undefined) return '?'
  const roles = [info.isMaster ? 'master' : '', info.isWorker ? 'worker' : '']
  return roles.filter((role) => role !== '').join('+') || 'guest'
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? []
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()
  return `${rows.map(line).join('\n')}\n`
}
