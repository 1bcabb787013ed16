/**
 * How tasks that run here reach managers: through the network of their node; or, where the program
 * itself serves or has connected with the manager in that network, through that.
 */
import { P2pJobsError } from '../core/errors.ts'
import { MANAGER_AWAY_MS, MANAGER_FIND_MS } from '../core/limits.ts'
import type { Millis } from '../core/types.ts'
import { ManagerConnection } from './manager-connection.ts'
import type { ClientLink } from './manager-connection.ts'
import type { NetworkRole } from './network-role.ts'

/** Opens a session with a manager. */
export type OpenLink = (withinMs: Millis, signal: AbortSignal) => Promise<ClientLink>

interface Here {
  readonly name: string
  /** Names the network; undefined: it is for this program alone. */
  readonly network: string | undefined
  readonly open: OpenLink
}

/** The managers that this program serves or has connected with. */
const managersHere = new Set<Here>()

/** From now on tasks of this program reach the manager this way; returns what ends that. */
export function offerHere(here: Here): () => void {
  managersHere.add(here)
  return () => managersHere.delete(here)
}

/** A client of the manager of this name, for a task of a node that is called `name`. */
export function openForTask(
  manager: string,
  name: string,
  network: NetworkRole | undefined
): ManagerConnection {
  let withinMs = MANAGER_FIND_MS
  return new ManagerConnection({
    manager,
    name,
    // Whether the program waits for its tasks is its pool's business.
    isBackground: true,
    openLink: async (stop) => {
      const open = wayTo(manager, network)
      const link = await open(withinMs, stop)
      withinMs = MANAGER_AWAY_MS
      return link
    }
  })
}

/** A node without a network runs tasks of this program only: these may use whatever it can. */
function wayTo(manager: string, network: NetworkRole | undefined): OpenLink {
  for (const here of managersHere) {
    const isReached = network === undefined || here.network === network.tag
    if (here.name === manager && isReached) return here.open
  }
  if (network !== undefined) return async (...args) => await network.openManager(manager, ...args)
  throw new P2pJobsError(
    'NOT_SERVED',
    `this pool has no network, and its program neither serves nor uses a manager '${manager}': ` +
      `start it here, with Manager.start({ name: '${manager}', local: true }), or open the pool on ` +
      'the network of the manager'
  )
}
