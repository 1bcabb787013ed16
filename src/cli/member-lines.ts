/**
 * Members of the network as people or programs read them.
 */
import type { Member } from '../core/members/events.ts'
import { escapeText } from './output.ts'
import { textTable } from './text-table.ts'

/** The `member` event. */
export function memberEvent(member: Readonly<Member>): Readonly<Record<string, unknown>> {
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

/** What has become of a member, in one line. */
export function memberNews(member: Readonly<Member>): string {
  const name = escapeText(member.info?.name ?? member.peer)
  const reason = member.problem === undefined ? '' : `: ${escapeText(member.problem)}`
  switch (member.status) {
    case 'alive':
      return `${name} is alive (${roleOf(member)})`
    case 'left':
      return `${name} has left`
    case 'failed':
      return `${name} has failed${reason}`
    case 'known':
      return `${name} was seen, but is not a member${reason}`
  }
}

/** A table of all that are or were members; undefined where nobody is. */
export function memberTable(members: readonly Readonly<Member>[]): string | undefined {
  const rows = members
    .filter(({ status }) => status !== 'known')
    .map((member) => [
      escapeText(member.info?.name ?? '?'),
      member.status,
      roleOf(member),
      escapeText(member.info?.program ?? '?'),
      member.peer,
      escapeText(member.addresses[0] ?? '?')
    ])
  if (rows.length === 0) return undefined
  return textTable([['NAME', 'STATUS', 'ROLE', 'VERSION', 'PEER', 'ADDRESS'], ...rows])
}

function roleOf({ info }: Readonly<Member>): string {
  if (info === undefined) return '?'
  const roles = [info.isMaster ? 'master' : '', info.isWorker ? 'worker' : '']
  return roles.filter((role) => role !== '').join('+') || 'guest'
}
