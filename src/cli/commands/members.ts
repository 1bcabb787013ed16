/** `p2pjobs members`: who is in the network now. */
import { setTimeout as delay } from 'node:timers/promises'
import { LEASE_MS } from '../../core/limits.ts'
import type { Member } from '../../core/members/events.ts'
import { noNetwork, placeOf } from '../../node/credentials.ts'
import { machineName } from '../../node/machine.ts'
import { liveNodeOf, startNode } from '../../node/start.ts'
import { defineCommand, ExitCode } from '../command.ts'
import type { Context } from '../command.ts'
import { membersTable } from '../flags.ts'
import { warnOfOpen } from '../insecure-open.ts'
import { memberEvent, memberNews, memberTable } from '../member-lines.ts'
import { credentialsOf, joinOptions, problemLines, TOKEN_FLAGS } from '../network-flags.ts'
import { jsonLine } from '../output.ts'

/** How long it looks around: discovery answers within a fraction of a second. */
const LOOK_MS = 2_000

export const membersCommand = defineCommand(membersTable, async (flags, context) => {
  const warn = problemLines(context)
  const place = placeOf(context.env, flags.network, warn)
  const credentials = await credentialsOf(place, flags, context)
  if (credentials === undefined) throw noNetwork(place, TOKEN_FLAGS)
  const network = joinOptions(place, flags, credentials)
  const live = liveNodeOf(place.home, network.name)
  const join = [...network.join, ...(live?.addresses ?? [])]
  const started = await startNode(
    {
      home: place.home,
      name: machineName(),
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
    for (const member of members) await context.stdout(jsonLine(memberEvent(member)))
    return
  }
  const table = memberTable(members)
  if (table === undefined) context.stderr('p2pjobs: nobody else is here\n')
  else await context.stdout(table)
  for (const member of members) {
    if (member.status === 'known') context.stderr(`p2pjobs: ${memberNews(member)}\n`)
  }
}
