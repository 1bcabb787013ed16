/**
 * Opens the control socket of a durable master, and reaches that of the master of a home.
 */
import { createRequire } from 'node:module'
import type { HomeFolders } from '../home/home.ts'
import { readLiveNode } from '../home/lock.ts'
import { ControlClient, noDaemon } from '../control/control-client.ts'
import { ControlServer } from '../control/control-server.ts'
import { CONTROL_NEWEST, CONTROL_OLDEST } from '../control/messages.ts'
import type { Versions } from '../control/messages.ts'
import { socketPlace } from '../control/socket-path.ts'
import { Desk } from './desk.ts'
import { reasonsOf } from './explanation-text.ts'
import type { Node } from './node.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

const VERSIONS: Versions = {
  oldest: CONTROL_OLDEST,
  newest: CONTROL_NEWEST,
  program: `p2pjobs ${version}`
}

export interface Control {
  /** The socket's file. */
  readonly path: string
  close(): Promise<void>
}

/** Opens the socket of a durable master; a node that is none has none. Throws BAD_HOME, PORT_IN_USE. */
export async function openControl(
  node: Node,
  name: string,
  { data }: HomeFolders,
  onProblem: (text: string) => void
): Promise<Control | undefined> {
  const { jobs } = node
  if (jobs === undefined) return undefined
  const place = socketPlace(data)
  const desk = new Desk({
    jobs,
    follow: ({ attempt, ...start }, signal) =>
      jobs.readLive(attempt === undefined ? start : { ...start, attempt }, signal),
    explain: (job, task) => reasonsOf(jobs.state, job, task)
  })
  const welcome = { ...VERSIONS, epoch: jobs.journal.epoch, name }
  const server = await ControlServer.listen({
    path: place.path,
    welcome,
    answerer: desk,
    onProblem
  }).catch((error: unknown) => {
    place.remove()
    throw error
  })
  return {
    path: place.path,
    close: async () => {
      await server.close()
      place.remove()
    }
  }
}

export { noDaemon } from '../control/control-client.ts'

/** Connects with the master of this home. Throws NO_DAEMON, REFUSED, UNREACHABLE. */
export async function connectControl(home: HomeFolders): Promise<ControlClient> {
  const path = readLiveNode(home)?.control
  if (path === undefined) throw noDaemon()
  return await ControlClient.connect({ path, versions: VERSIONS })
}
