/** `p2pjobs node`: run tasks for the network's masters; with `--master`, publish them too. */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import type { Member } from '../../core/members/events.ts'
import { acceptToken, makeNetwork, noNetwork, placeOf, tokenOf } from '../../node/credentials.ts'
import type { NetworkPlace } from '../../node/credentials.ts'
import { diskLine } from '../../node/disk-watch.ts'
import { machineName } from '../../node/machine.ts'
import { startNode } from '../../node/start.ts'
import type { StartedNode } from '../../node/start.ts'
import { defineCommand, ExitCode } from '../command.ts'
import type { Context, FlagValues } from '../command.ts'
import { nodeTable } from '../flags.ts'
import { stderrLine, warnOfOpen } from '../insecure-open.ts'
import { isolationOptions } from '../isolation-flags.ts'
import { JobsFile } from '../jobs/jobs-file.ts'
import { publishMasterOf } from '../jobs/publishing.ts'
import { adviseIfAlone } from '../membership.ts'
import { memberEvent, memberNews } from '../member-lines.ts'
import {
  credentialsOf,
  joinOptions,
  problemLines,
  requireMaster,
  TOKEN_FLAGS
} from '../network-flags.ts'
import { escapeText, jsonLine } from '../output.ts'
import { refusalEvents } from '../refusal-events.ts'
import { labelsOf, resourcesOf } from '../scheduling-flags.ts'
import { askForToken } from '../token-input.ts'

type NodeFlags = FlagValues<typeof nodeTable.flags>
type Credentials = ReturnType<typeof makeNetwork>

export const nodeCommand = defineCommand(nodeTable, async (flags, context) => {
  const say = problemLines(context)
  const place = placeOf(context.env, flags.network, say)
  const jobs =
    flags.jobs === undefined ? undefined : await JobsFile.open(flags.jobs, flags.json, context)
  const credentials = await credentialsFor(flags, place, context)
  const slots = flags.slots ?? availableParallelism()
  const started = await startNode(
    {
      home: place.home,
      name: flags.name ?? machineName(),
      slots: slots === 0 ? undefined : slots,
      labels: labelsOf(flags.label),
      resources: resourcesOf(flags.resource),
      ...isolationOptions(flags),
      isMaster: flags.master,
      leaseMs: flags.lease,
      isResident: true,
      isDurable: !flags.inMemory,
      isBackground: false,
      network: joinOptions(place, flags, credentials)
    },
    {
      onNotice: (notice) => jobs?.onNotice(notice),
      onMember: (member) => tellMember(member, flags, context),
      onRefusal: refusalEvents((event) => {
        if (flags.json) void context.stdout(jsonLine({ ...event }))
        // Of a peer, its member or its session says so.
        else if (event.kind === 'stranger') say('a node with another token, or none, was refused')
      }),
      onDisk: (disk) => {
        const isDurable = flags.master && !flags.inMemory
        context.stderr(`p2pjobs: ${escapeText(diskLine(disk, isDurable))}\n`)
      },
      onProblem: say
    }
  )
  if (flags.insecureOpen) warnOfOpen(started.node, stderrLine(context))
  await tellStarted(started, slots, flags, context)
  void adviseIfAlone(started.node, say)
  const failed = await serve(started, jobs, flags, context)
  return failed > 0 ? ExitCode.failed : ExitCode.ok
})

/** Serves until it is stopped, or until its own jobs are done: then how many of those failed. */
async function serve(
  started: StartedNode,
  jobs: JobsFile | undefined,
  flags: NodeFlags,
  context: Context
): Promise<number> {
  try {
    if (jobs !== undefined) {
      const failed = await jobs.run(publishMasterOf(started.node), context.stopping)
      if (flags.exitWhenDone) return failed
    }
    if (!context.stopping.aborted) await once(context.stopping, 'abort')
    await drain(started, context)
    return 0
  } finally {
    await started.stop()
  }
}

/** Lets what runs here end; a second Ctrl-C gives it back instead. */
async function drain({ node }: StartedNode, context: Context): Promise<void> {
  const running = node.worker?.state.runs.size ?? 0
  if (running > 0) {
    const tasks = running === 1 ? '1 task still runs' : `${running} tasks still run`
    context.stderr(`p2pjobs: ${tasks} here; another Ctrl-C or SIGTERM gives back what does\n`)
  }
  await Promise.race([node.worker?.drain(), once(context.leaving, 'abort')])
}

async function credentialsFor(
  flags: NodeFlags,
  place: NetworkPlace,
  context: Context
): Promise<Credentials> {
  const known = await credentialsOf(place, flags, context)
  if (known !== undefined) {
    if (flags.master) requireMaster(known)
    return known
  }
  if (flags.master) return await madeNetwork(flags, place, context)
  const token = await askForToken(context)
  if (token === undefined) throw noNetwork(place, `prompt, stdin, ${TOKEN_FLAGS}`)
  return acceptToken(place, token)
}

async function madeNetwork(
  flags: NodeFlags,
  place: NetworkPlace,
  context: Context
): Promise<Credentials> {
  const credentials = makeNetwork(place)
  const token = tokenOf(credentials, 'work')
  if (flags.json)
    await context.stdout(jsonLine({ event: 'network', network: place.network, token }))
  else {
    context.stderr(
      'p2pjobs: made a new network. On each other machine run `p2pjobs node` and paste this token\n' +
        '(`p2pjobs token` prints it again):\n'
    )
    await context.stdout(`${token}\n`)
  }
  return credentials
}

async function tellStarted(
  { node, isPrimary }: StartedNode,
  slots: number,
  flags: NodeFlags,
  context: Context
): Promise<void> {
  const addresses = node.network?.addresses ?? []
  const name = flags.name ?? machineName()
  const isDurable = node.jobs !== undefined
  if (flags.master && !isDurable && !flags.inMemory) {
    context.stderr(
      'p2pjobs: another node of this home runs: this one keeps its jobs in memory, and they end with it\n'
    )
  }
  if (flags.json) {
    await context.stdout(
      jsonLine({
        event: 'node',
        peer: node.id,
        name,
        slots,
        isMaster: flags.master,
        isPrimary,
        isDurable,
        addresses
      })
    )
    return
  }
  const worker = `worker with ${slots} slot${slots === 1 ? '' : 's'}`
  const roles = [...(flags.master ? ['master'] : []), ...(slots > 0 ? [worker] : [])]
  const role = roles.join(' and ') || 'guest'
  context.stderr(`p2pjobs: node ${escapeText(name)} is up as ${role}\n`)
  for (const address of addresses) context.stderr(`  ${address}\n`)
}

function tellMember(member: Readonly<Member>, flags: NodeFlags, context: Context): void {
  if (flags.json) void context.stdout(jsonLine(memberEvent(member)))
  else context.stderr(`p2pjobs: ${memberNews(member)}\n`)
}
